package githubsim

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// autoColor is the grey of labels that come into being by being used.
const autoColor = "ededed"

var hexColor = regexp.MustCompile(`^[0-9a-fA-F]{6}$`)

func labelProblem(name string) *fieldProblem {
	switch {
	case strings.TrimSpace(name) == "":
		return &fieldProblem{Resource: "Label", Field: "name", Code: "missing_field"}
	case utf8.RuneCountInString(name) > 50:
		return &fieldProblem{Resource: "Label", Field: "name", Code: "custom", Message: "name is too long (maximum is 50 characters)"}
	}
	return nil
}

// ensureLabels finds labels by name without regard to case and creates the
// missing ones, as GitHub does for any name it is sent.
func (s *Server) ensureLabels(r *repo, names []string) []*label {
	var out []*label
	for _, name := range names {
		name = strings.TrimSpace(name)
		l := r.labels[fold(name)]
		if l == nil {
			s.count("label_auto_created")
			l = s.newLabel(r, name, autoColor, nil)
		}
		out = appendNew(out, l)
	}
	return out
}

func (s *Server) newLabel(r *repo, name, color string, description *string) *label {
	l := &label{id: s.id(), name: name, color: color, description: description}
	r.labels[fold(name)] = l
	return l
}

func (r *repo) sortedLabels() []*label {
	list := slices.Collect(maps.Values(r.labels))
	slices.SortFunc(list, func(a, b *label) int { return int(a.id - b.id) })
	return list
}

// listLabels and the following are G7.
func (c *call) listLabels() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	return cut(c, c.wireLabels(r, r.sortedLabels()))
}

func (c *call) getLabel() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	l := r.labels[fold(c.params["name"])]
	if l == nil {
		return c.notFound()
	}
	return ok(c.wireLabel(r, l))
}

func (c *call) createLabel() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	if other := c.needWriter(r); other != nil {
		return other
	}
	if !c.mayPush(r) {
		return c.notFound()
	}
	var in struct {
		Name, Color string
		Description *string
	}
	if other := c.decode(&in); other != nil {
		return other
	}
	const page = "issues/labels#create-a-label"
	if p := labelProblem(in.Name); p != nil {
		return c.invalid(page, *p)
	}
	if in.Color == "" {
		in.Color = autoColor
	}
	if !hexColor.MatchString(in.Color) {
		return c.invalid(page, fieldProblem{Value: in.Color, Resource: "Label", Field: "color", Code: "invalid"})
	}
	if r.labels[fold(in.Name)] != nil {
		return c.invalid(page, fieldProblem{Resource: "Label", Field: "name", Code: "already_exists"})
	}
	l := c.newLabel(r, in.Name, strings.ToLower(in.Color), in.Description)
	c.tick()
	c.emit(r, "label", "created", c.actingUser(), map[string]any{"label": c.wireLabel(r, l)})
	rep := ok(c.wireLabel(r, l))
	rep.status = http.StatusCreated
	return rep.set("Location", c.repoURL(r)+"/labels/"+url.PathEscape(l.name))
}

// labelCall finds the issue of a label change and checks the right to make it.
func (c *call) labelCall() (*issue, *reply) {
	r, other := c.repo()
	if other != nil {
		return nil, other
	}
	if other := c.needWriter(r); other != nil {
		return nil, other
	}
	i, other := c.issue(r)
	if other != nil {
		return nil, other
	}
	if !c.mayPush(r) {
		return nil, c.forbidden()
	}
	return i, nil
}

// addIssueLabels and removeIssueLabel are G6.
func (c *call) addIssueLabels() *reply {
	i, other := c.labelCall()
	if other != nil {
		return other
	}
	raw := json.RawMessage(c.body)
	var object struct{ Labels json.RawMessage }
	if json.Unmarshal(raw, &object) == nil {
		raw = object.Labels
	} else if !json.Valid(raw) {
		return c.fail(http.StatusBadRequest, "Problems parsing JSON", "")
	}
	names, problem := labelNames(raw)
	if problem != nil {
		return c.invalid("issues/labels#add-labels-to-an-issue", *problem)
	}
	for _, l := range i.cur().labels {
		names = append(names, l.name)
	}
	// Labels the issue has already come first, in their order.
	have := len(i.cur().labels)
	names = append(names[len(names)-have:], names[:len(names)-have]...)
	c.apply(i, c.actingUser(), c.actingApp(), change{labels: &names})
	return ok(c.wireLabels(i.repo, i.cur().labels))
}

func (c *call) removeIssueLabel() *reply {
	i, other := c.labelCall()
	if other != nil {
		return other
	}
	want := fold(c.params["name"])
	names := []string{}
	for _, l := range i.cur().labels {
		if fold(l.name) != want {
			names = append(names, l.name)
		}
	}
	if len(names) == len(i.cur().labels) {
		c.count("label_was_absent")
		return c.fail(http.StatusNotFound, "Label does not exist", "issues/labels#remove-a-label-from-an-issue")
	}
	c.apply(i, c.actingUser(), c.actingApp(), change{labels: &names})
	return ok(c.wireLabels(i.repo, i.cur().labels))
}

func (c *call) listIssueLabels() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	i, other := c.issue(r)
	if other != nil {
		return other
	}
	return cut(c, c.wireLabels(r, c.see(i).labels))
}
