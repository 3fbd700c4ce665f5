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

// reviewBook is what the log says about the entries of one review.
type reviewBook struct {
	entries map[string]reviewed // by the id of an entry
}

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
		book := b.reviews[l.Key]
		if book == nil {
			book = &reviewBook{entries: map[string]reviewed{}}
			b.reviews[l.Key] = book
		}
		now := reviewed{leaf: r.Index, first: r.Index}
		if was, known := book.entries[id]; known {
			now.first = was.first
		}
		text := r.text(named{f.Name + "/to", f.To})
		entry, written := domain.EntryOf(name, text)
		switch {
		case text == "":
			delete(book.entries, id)
			continue
		case written:
			now.ReviewEntry = entry
		default:
			now.erased = true
		}
		book.entries[id] = now
	}
}

// section lists the entries of a section that were not erased, in the order
// they were first written down.
func (b *reviewBook) section(s domain.ReviewSection) []reviewed {
	if b == nil {
		return nil
	}
	entries := make([]reviewed, 0, len(b.entries))
	for _, e := range b.entries {
		if !e.erased && e.Section == s {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(x, y reviewed) int { return cmp.Or(cmp.Compare(x.first, y.first), strings.Compare(x.ID, y.ID)) })
	return entries
}

// findings lists what a review found, in the order it was first written down,
// and how many entries were erased, of which nobody can say any more what they were.
func (b *reviewBook) findings() (found []Finding, erased int) {
	if b == nil {
		return nil, 0
	}
	for _, e := range b.entries {
		if e.erased {
			erased++
		}
	}
	for _, e := range b.section(domain.SectionFinding) {
		f := Finding{Text: e.Text, Kind: string(e.Kind), Cause: b.entries[e.Cause].Text, Leaf: e.leaf}
		for _, key := range e.Measures {
			f.Measures = append(f.Measures, string(key))
		}
		found = append(found, f)
	}
	return found, erased
}
