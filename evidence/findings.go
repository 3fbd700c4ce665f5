package evidence

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// Finding is what a review concluded: why, and which measures came of it.
type Finding struct {
	Text     string
	Kind     string
	Cause    string // its text; empty for none
	Measures []string
	Leaf     int64 // that wrote it last
}

// entries are what the log says about the entries of one review, by their ids.
type entries map[string]reviewed

// reviewed is one entry as it was written last; erased hides what it was.
type reviewed struct {
	domain.ReviewEntry
	leaf, first int64
	erased      bool
}

// review reads a leaf about the review of an incident.
func (b *Book) review(r *Record) {
	l := &r.Leaf
	for _, f := range l.Fields {
		name, err := url.PathUnescape(f.Name)
		id, ok := strings.CutPrefix(name, domain.EntryField)
		if err != nil || !ok {
			continue
		}
		known := b.reviews[l.Key]
		if known == nil {
			known = entries{}
			b.reviews[l.Key] = known
		}
		now := reviewed{leaf: r.Index, first: r.Index}
		if was, ok := known[id]; ok {
			now.first = was.first
		}
		text := r.text(named{f.Name + "/to", f.To})
		entry, written := domain.EntryOf(name, text)
		switch {
		case text == "":
			delete(known, id)
			continue
		case written:
			now.ReviewEntry = entry
		default:
			now.erased = true
		}
		known[id] = now
	}
}

// section lists the entries of a section that were not erased, in the order
// they were first written down.
func (all entries) section(s domain.ReviewSection) []reviewed {
	var out []reviewed
	for _, e := range all {
		if !e.erased && e.Section == s {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(x, y reviewed) int { return cmp.Or(cmp.Compare(x.first, y.first), strings.Compare(x.ID, y.ID)) })
	return out
}

// findings lists what a review found, in the order it was first written down,
// and how many entries were erased, of which nobody can say any more what they were.
func (all entries) findings() (found []Finding, erased int) {
	for _, e := range all {
		if e.erased {
			erased++
		}
	}
	for _, e := range all.section(domain.SectionFinding) {
		f := Finding{Text: e.Text, Kind: string(e.Kind), Cause: all[e.Cause].Text, Leaf: e.leaf}
		for _, key := range e.Measures {
			f.Measures = append(f.Measures, string(key))
		}
		found = append(found, f)
	}
	return found, erased
}
