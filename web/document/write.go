package document

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/chart"
	"github.com/followthrough/followthrough/web/i18n"
)

// Author writes the documents of reviews for everybody who asks: the page, the
// API and the command line.
type Author struct {
	Reviews *app.Reviews
	People  *app.People
	Texts   *i18n.Bundle
	Zone    *time.Location
	Now     func() time.Time
	// Language is used where none is asked for.
	Language string
}

// Write writes a published version, or the working copy, which only the
// incident's own team gets.
func (a *Author) Write(ctx context.Context, by domain.Actor, r domain.DocumentRequest) (domain.DocumentFile, error) {
	none := domain.DocumentFile{}
	if r.Language == "" {
		r.Language = a.Language
	}
	switch {
	case r.Draft && r.Version != 0:
		return none, domain.Invalid("version", "is a published one; leave it out to get the working copy")
	case !slices.Contains(i18n.Languages(), r.Language):
		return none, domain.Invalid("lang", "%q is not a language of documents; use %s", r.Language, strings.Join(i18n.Languages(), " or "))
	}
	in := Input{Texts: a.Texts.Texts(r.Language), Charts: Charts(r.Language), Zone: a.Zone}
	var err error
	if in.Person, err = a.names(ctx, by); err != nil {
		return none, err
	}
	if err := a.read(ctx, by, r, &in); err != nil {
		return none, err
	}
	name := strings.ToLower(string(in.Document.Incident.Key))
	if in.Version > 0 {
		name += fmt.Sprintf("-v%d", in.Version)
	}
	name += "-" + r.Language
	switch r.Format {
	case domain.DocumentMarkdown:
		return domain.DocumentFile{Name: name + ".md", Media: "text/markdown; charset=utf-8", Text: []byte(Markdown(in))}, nil
	case domain.DocumentHTML:
		return domain.DocumentFile{Name: name + ".html", Media: "text/html; charset=utf-8", Text: []byte(HTML(in))}, nil
	}
	return none, domain.Invalid("format", "%q is not accepted; use md or html", string(r.Format))
}

func (a *Author) read(ctx context.Context, by domain.Actor, r domain.DocumentRequest, in *Input) error {
	if r.Draft {
		v, err := a.Reviews.View(ctx, by, r.Incident)
		if err == nil {
			in.Document, in.At = v.Document(), a.Now()
		}
		return err
	}
	v, err := a.Reviews.Published(ctx, by, r.Incident, r.Version)
	if err == nil {
		in.Document, in.Version, in.At = v.Document, v.Number, v.At
	}
	return err
}

// names gives the names of the directory as they are now: who was erased there
// is erased in every version.
func (a *Author) names(ctx context.Context, by domain.Actor) (func(domain.PersonID) string, error) {
	people, err := a.People.List(ctx, by)
	names := make(map[domain.PersonID]string, len(people))
	for _, p := range people {
		names[p.ID] = p.Name
	}
	return func(id domain.PersonID) string {
		if name, ok := names[id]; ok {
			return name
		}
		return string(id)
	}, err
}

// Charts are the words of pictures in a language.
func Charts(language string) chart.Texts {
	if language == "de" {
		return chart.German()
	}
	return chart.English()
}
