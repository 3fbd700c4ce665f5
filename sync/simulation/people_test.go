package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// people are everybody who edits something, on both sides. Each text they
// enter carries a mark of its own, so that it can be found again.
type people struct {
	w        *world
	measures []domain.MeasureKey
	marks    int
	days     int
	// entered are the marks typed in a tracker, with the time.
	entered map[string]time.Time
	// imported are the issues opened with the label of the import rule.
	imported map[domain.TrackerID][]string
	// typed are the marks entered here, with the measure and the field.
	typed []typedHere
	links int
	// touched is when people last edited an issue.
	touched map[string]time.Time
	// copies are issues that people made of others, marker and all.
	copies map[string]bool
}

type typedHere struct {
	measure domain.MeasureKey
	field   domain.Field
	mark    string
}

func newPeople(w *world) *people {
	return &people{w: w, entered: map[string]time.Time{}, imported: map[domain.TrackerID][]string{}, copies: map[string]bool{}, touched: map[string]time.Time{}}
}

// mark is a word that occurs nowhere else.
func (p *people) mark() string {
	p.marks++
	return fmt.Sprintf("x%dx", p.marks)
}

// day is a date that nobody has used before.
func (p *people) day() string {
	p.days++
	return domain.DateOf(start).AddDays(10 + p.days).String()
}

// begin makes the first measures and links.
func (p *people) begin() {
	for range p.w.plan.measures {
		p.measure()
	}
	for _, key := range p.measures {
		p.link(key)
	}
}

func (p *people) measure() {
	m := p.mark()
	n := domain.NewMeasure{Incident: "INC-1", Title: "Measure " + m, Description: "First line " + m + "\n\nSecond line", Kind: domain.Prevent, Priority: domain.P2,
		Status: domain.Accepted, Owner: ana, Team: "t_ops", Metric: domain.ParseMetric(m + " pages per week; target at_most 2")}
	due, err := domain.ParseDate(p.day())
	n.DueOn = due
	made, err2 := p.w.app.Measures.Create(p.w.ctx, actor(ana), n)
	if err != nil || err2 != nil {
		p.w.problem("a measure cannot be made: %v %v", err, err2)
		return
	}
	_, err = p.w.app.Measures.AddEvidence(p.w.ctx, actor(ana), domain.Evidence{Measure: made.Key, Title: "It is done", URL: "https://wiki.example/" + string(made.Key), EffectiveOn: domain.DateOf(now())})
	if err != nil {
		p.w.problem("evidence cannot be added: %v", err)
	}
	p.measures = append(p.measures, made.Key)
}

// link ties a measure to one more tracker.
func (p *people) link(key domain.MeasureKey) {
	id := p.w.trackers()[p.w.rng.IntN(3)]
	if _, err := p.w.app.Links.Add(p.w.ctx, actor(ana), key, id, ""); err != nil {
		return // it has that link already
	}
	p.links++
	p.w.note("%s is linked with %s", key, id)
	if now().Before(p.w.outages[id]) {
		p.w.count("link in an outage")
	}
}

// here is one person's edit of a measure, a conflict or a link.
func (p *people) here() {
	w := p.w
	if len(p.measures) == 0 {
		return
	}
	key := p.measures[w.rng.IntN(len(p.measures))]
	switch n := w.rng.IntN(20); {
	case n == 0:
		p.decide(false)
		return
	case n < 4:
		p.link(key)
		return
	}
	m, err := w.db.Measure(w.ctx, domain.Everything(), key)
	if err != nil {
		w.problem("read %s: %v", key, err)
		return
	}
	edit, field, mark := p.change(m)
	edit.Reason = "because"
	who := []domain.PersonID{ana, ben}[w.rng.IntN(2)]
	_, err = w.app.Measures.Edit(w.ctx, actor(who), key, 0, app.MeasurePatch{MeasureEdit: edit})
	if err != nil {
		w.count("edit here refused")
		return
	}
	w.count("edit here")
	w.note("%s edits %s of %s here: %s", who, field, key, mark)
	if mark != "" {
		p.typed = append(p.typed, typedHere{key, field, mark})
	}
}

func (p *people) change(m domain.Measure) (domain.MeasureEdit, domain.Field, string) {
	r := p.w.rng
	switch r.IntN(8) {
	case 0:
		mark := p.mark()
		return domain.MeasureEdit{Title: domain.Some("Title here " + mark)}, domain.FieldTitle, mark
	case 1, 2:
		mark := p.mark()
		lines := append(strings.Split(m.Description, "\n"), "", "here "+mark)
		if r.IntN(3) == 0 {
			lines = append([]string{"here " + mark, ""}, strings.Split(m.Description, "\n")...)
		}
		return domain.MeasureEdit{Description: domain.Some(strings.Join(lines, "\n"))}, domain.FieldDescription, mark
	case 3:
		to := []domain.Status{domain.Accepted, domain.InProgress, domain.Blocked, domain.Done, domain.Cancelled}[r.IntN(5)]
		edit := domain.MeasureEdit{Status: domain.Some(to)}
		if to == domain.Cancelled {
			edit.ClosureReason = domain.Some(domain.Superseded)
		}
		return edit, domain.FieldStatus, ""
	case 4:
		return domain.MeasureEdit{Priority: domain.Some(domain.Priorities()[r.IntN(5)])}, domain.FieldPriority, ""
	case 5:
		return domain.MeasureEdit{Owner: domain.Some([]domain.PersonID{ana, ben, ""}[r.IntN(3)])}, domain.FieldOwner, ""
	case 6:
		day := p.day()
		if r.IntN(4) == 0 {
			return domain.MeasureEdit{DueOn: domain.Some(domain.Date{})}, domain.FieldDueOn, ""
		}
		due, _ := domain.ParseDate(day) // made by this very file
		return domain.MeasureEdit{DueOn: domain.Some(due)}, domain.FieldDueOn, day
	}
	mark := p.mark()
	return domain.MeasureEdit{Metric: domain.Some(domain.ParseMetric(mark + " pages per week; target at_most 2"))}, domain.FieldMetric, mark
}

// decide settles open conflicts: one, or all of them.
func (p *people) decide(all bool) int {
	w, decided, open := p.w, 0, true
	list, err := w.app.Conflicts.List(w.ctx, actor(ana), domain.ConflictFilter{Open: &open}, domain.Page{Limit: 100})
	if err != nil {
		w.problem("conflicts: %v", err)
		return 0
	}
	for _, c := range list.Items {
		choice := []domain.Choice{domain.ChooseOurs, domain.ChooseTheirs}[w.rng.IntN(2)]
		if _, err := w.app.Conflicts.Resolve(w.ctx, actor(ana), c.ID, 0, choice, nil, "decided"); err != nil {
			if _, err = w.app.Conflicts.Resolve(w.ctx, actor(ana), c.ID, 0, domain.ChooseTheirs, nil, "decided"); err != nil {
				w.note("conflict %d cannot be decided: %v", c.ID, err)
				continue
			}
		}
		w.note("conflict %d about %s of %s is decided for %s", c.ID, c.Field, c.Measure, choice)
		w.count("conflict decided")
		decided++
		if !all {
			break
		}
	}
	return decided
}

// there is one person's edit in a tracker.
func (p *people) there() {
	w := p.w
	id := w.trackers()[w.rng.IntN(3)]
	at := w.sites.at(id)
	issues := slices.DeleteFunc(at.issues(), func(t truth) bool { return t.deleted })
	if len(issues) == 0 || w.rng.IntN(25) == 0 {
		p.opens(id, at)
		return
	}
	t := issues[w.rng.IntN(len(issues))]
	what, mark, err := p.edits(at, t)
	if err != nil {
		w.count("edit there refused")
		return
	}
	w.count("edit there")
	p.touched[string(id)+t.id] = now()
	w.note("somebody edits %s of %s %s: %s", what, id, t.key, mark)
	if mark != "" {
		p.entered[mark] = now()
	}
}

// creating reports whether we do not know yet that an issue is there.
func (w *world) creating(nonce string) bool {
	for _, link := range w.links() {
		if link.Link.Creating() && link.Link.Create.Nonce == nonce {
			return true
		}
	}
	return false
}

// opens is a person opening an issue, sometimes one that asks to become a measure.
func (p *people) opens(id domain.TrackerID, at place) {
	mark := p.mark()
	var labels []string
	if p.w.rng.IntN(2) == 0 {
		labels = []string{"postmortem"}
	}
	issue, err := at.create("Opened there "+mark, "Text "+mark, labels...)
	if err != nil {
		p.w.problem("%s: an issue cannot be opened: %v", id, err)
		return
	}
	p.w.note("somebody opens %s in %s with %v", issue, id, labels)
	p.entered[mark] = now()
	if len(labels) > 0 {
		p.imported[id] = append(p.imported[id], issue)
	}
}

func (p *people) edits(at place, t truth) (what, mark string, err error) {
	r := p.w.rng
	switch n := r.IntN(30); {
	case n < 4:
		mark = p.mark()
		return "title", mark, at.edit(t.id, domain.FieldTitle, "Title there "+mark)
	case n < 8:
		mark = p.mark()
		return "text above", mark, at.prose(t.id, func(s string) string { return s + "\n\nthere " + mark }, "")
	case n < 9:
		mark = p.mark()
		return "text at the start", mark, at.prose(t.id, func(s string) string { return "there " + mark + "\n\n" + s }, "")
	case n < 11:
		mark = p.mark()
		return "text below", mark, at.prose(t.id, func(s string) string { return s }, "below "+mark)
	case n < 14:
		to := []domain.Projection{domain.ProjectionOpen, domain.ProjectionInProgress, domain.ProjectionDone, domain.ProjectionCancelled}[r.IntN(4)]
		return "status " + string(to), "", at.edit(t.id, domain.FieldStatus, string(to))
	case n < 16:
		return "priority", "", at.edit(t.id, domain.FieldPriority, string(domain.Priorities()[r.IntN(5)]))
	case n < 18:
		return "owner", "", at.edit(t.id, domain.FieldOwner, []string{string(ana), string(ben), "", domain.ExternalPrefix + "cleo"}[r.IntN(4)])
	case n < 20:
		mark = p.day()
		return "due", mark, at.edit(t.id, domain.FieldDueOn, mark)
	case n < 21:
		return "due, cleared", "", at.edit(t.id, domain.FieldDueOn, "")
	case n < 23:
		mark = p.mark()
		return "metric", mark, at.edit(t.id, domain.FieldMetric, mark+" calls per week; target at_most 3")
	case n < 24:
		p.w.count("nonsense typed into the block")
		return "nonsense", "", at.mistype(t.id, "next tuesday")
	case n < 25:
		if p.w.creating(t.nonce) {
			return "nothing", "", nil // who takes the marker away before we know the issue makes it a stranger
		}
		p.w.count("block smashed")
		return "block", "", at.smash(t.id)
	case n < 27:
		return "label", "", at.label(t.id, fmt.Sprintf("area-%d", r.IntN(3)), r.IntN(3) > 0)
	case n < 28:
		return "another assignee", "", at.join(t.id)
	case n < 29:
		p.w.count("issue copied")
		id, err := at.copyOf(t.id)
		p.copies[id] = true
		return "copy", "", err
	}
	if !p.w.deletes {
		return "nothing", "", nil
	}
	p.w.count("issue deleted")
	return "existence", "", at.remove(t.id)
}
