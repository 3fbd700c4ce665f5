package evidence

import (
	"encoding/csv"
	"io"
	"time"
)

// reports are the files of a pack that are computed from the disclosed leaves:
// when it is made, and again when it is verified.
type reports struct {
	scope      Scope
	book       *Book
	changes    *csv.Writer // of changes.csv
	begin, end time.Time
}

func newReports(s Scope, changes io.Writer) (*reports, error) {
	begin, err := s.begin()
	if err != nil {
		return nil, err
	}
	end, err := s.end()
	if err != nil {
		return nil, err
	}
	o := &reports{scope: s, book: NewBook(end), changes: csv.NewWriter(changes), begin: begin, end: end}
	_ = o.changes.Write(changeColumns()) // Flush tells
	return o, o.flush()
}

func (o *reports) flush() error {
	o.changes.Flush()
	return o.changes.Error()
}

func (o *reports) add(r *Record) {
	o.book.Add(r)
	o.writeChanges(o.changes, r)
}

// writeChanges writes the rows of changes.csv about one leaf.
func (o *reports) writeChanges(out *csv.Writer, r *Record) {
	if at := r.Leaf.Time; !at.Before(o.begin) && !at.After(o.end) {
		writeChanges(out, r)
	}
}

// files are the files beside changes.csv, each with what writes it. They may be
// written at the same time.
func (o *reports) files() map[string]func(io.Writer) error {
	c := o.book.contents()
	json := func(v any) func(io.Writer) error {
		return func(w io.Writer) error { _, err := w.Write(jsonLines(v)); return err }
	}
	return map[string]func(io.Writer) error{
		fileRegister: func(w io.Writer) error {
			rest := c.measures
			return WriteRegister(w, func() (all []*Item, err error) { all, rest = rest, nil; return all, nil })
		},
		fileReport:  func(w io.Writer) error { return writePage(w, c, o.scope) },
		fileFlags:   json(c.flags),
		fileMapping: json(c.clauses),
	}
}
