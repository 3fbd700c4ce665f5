package sync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// push writes the planned fields and takes the answer as the confirmation.
func (s *step) push(ctx context.Context, d Decision) error {
	link := s.link.Link
	push := domain.Push{Draft: s.draft(d.Values), On: *link.Snapshot, Fields: d.Write}
	push.On.ReadAt = s.e.freshAt(link)
	pushed, err := s.tracker.Push(ctx, push)
	if errors.Is(err, domain.ErrStale) {
		return s.fetch(ctx) // the issue is not as the plan saw it: look, and plan again
	}
	if err != nil {
		return err
	}
	mark := domain.WriteMark{At: s.e.Now(), Hash: hashValues(d), Version: s.link.Measure.Version,
		Believed: valuesOf(*link.Snapshot, domain.SyncedFields()), Revision: pushed.Snapshot.Revision}
	for _, f := range d.Write {
		s.report.pushed(s.link, f, d.Values[f])
	}
	// The issue has the write already; losing this record costs a look, not an edit (K7).
	return s.record(context.WithoutCancel(ctx), d, pushed, mark)
}

// record stores what a push did. A person may have changed the measure in the
// meantime: that is a change of its own and does not make the write undone.
func (s *step) record(ctx context.Context, d Decision, pushed domain.Pushed, mark domain.WriteMark) error {
	for attempt := 1; ; attempt++ {
		link := s.link.Link
		known := link.Snapshot
		link.Base, link.FieldStates = withBase(link.Base, d.Base), statesAfter(link.FieldStates, d)
		s.confirm(&link, d.Values, d.Write, pushed)
		mark.Wrote = valuesOf(*link.Snapshot, d.Write)
		link.Writes = append(kept(link.Writes, s.e.Now()), mark)
		if known.Revision.After(link.Snapshot.Revision) {
			link.Snapshot = known // a delivery has overtaken our answer
		}
		err := s.commit(ctx, link, nil, nil)
		if err == nil && link.Snapshot.Hash != "" && link.Snapshot != known {
			s.e.markFresh(link.ID, link.Snapshot.ReadAt)
		}
		if !errors.Is(err, domain.ErrStale) || attempt == maxAttempts {
			return err
		}
		if s.link, err = s.e.Store.Link(ctx, link.ID); err != nil {
			return err
		}
		if s.link.Link.Snapshot == nil || s.link.Link.Remote.ID != link.Remote.ID {
			return domain.Errorf(domain.ErrStale, "link %s leads elsewhere by now", link.ID)
		}
	}
}

// statesAfter takes over what the merge said about the written fields and
// leaves the others as they are.
func statesAfter(states map[domain.Field]domain.FieldIssue, d Decision) map[domain.Field]domain.FieldIssue {
	out := map[domain.Field]domain.FieldIssue{}
	maps.Copy(out, states)
	for _, f := range domain.SyncedFields() {
		if state, ok := d.States[f]; ok {
			out[f] = state
		} else if slices.Contains(d.Write, f) {
			delete(out, f)
		}
	}
	return out
}

// valuesOf notes what fields of a snapshot say.
func valuesOf(on domain.Snapshot, fields []domain.Field) map[domain.Field]string {
	out := map[domain.Field]string{}
	for _, f := range fields {
		if v, ok := on.Fields[f]; ok {
			out[f] = v.Value
		}
	}
	return out
}

// draft fills in what travels with every write.
func (s *step) draft(values map[domain.Field]string) domain.Draft {
	m := s.link.Measure
	all := m.Values()
	maps.Copy(all, values)
	d := domain.Draft{MeasureID: m.ID, MeasureURL: s.e.MeasureURL(m.Key), Values: all}
	if m.Incident != "" {
		d.IncidentURL, d.IncidentTitle = s.e.IncidentURL(m.Incident), s.link.IncidentTitle
	}
	return d
}

// confirm compares each written field with what the tracker says it has now.
// Equal means agreed; a silent drop or a normalisation becomes a field error
// that is not tried again with the same value (T50).
func (s *step) confirm(link *domain.Link, values map[domain.Field]string, fields []domain.Field, pushed domain.Pushed) {
	back := pushed.Snapshot
	if back.Fields == nil {
		back = *link.Snapshot
		back.Fields = map[domain.Field]domain.RemoteValue{}
		maps.Copy(back.Fields, link.Snapshot.Fields)
		for _, f := range fields {
			if pushed.Refused[f] == "" {
				back.Fields[f] = s.tracker.Put(f, values[f], *link.Snapshot)
			}
		}
		back.Hash, back.Indirect = "", false // unconfirmed: the next read decides
	}
	for _, f := range fields {
		s.confirmField(link, f, values[f], back, pushed.Refused[f])
	}
	before := link.Snapshot
	link.Snapshot, link.Remote = &back, back.Ref
	if back.Hash == "" && before != nil {
		back.ReadAt = before.ReadAt
	}
}

func (s *step) confirmField(link *domain.Link, f domain.Field, value string, back domain.Snapshot, refused string) {
	got, known := back.Fields[f]
	want := s.tracker.Put(f, value, back)
	switch {
	case refused == "" && known && (got.Value == value || got.Raw == want.Raw):
		link.Base[f] = domain.BaseValue{Value: value, Raw: got.Raw, Revision: back.Revision}
	case refused == "" && !known && value == "":
		link.Base[f] = domain.BaseValue{Revision: back.Revision}
	default:
		// A first time may be a plan made on a list that lagged behind: the answer
		// shows the issue as it is, and the value is written once more.
		code, before := "unconfirmed", s.link.Link.FieldStates[f]
		if before.Value == value && (before.Code == code || before.Code == "not_permitted") {
			code = "not_permitted"
		}
		problem := refused
		if problem == "" {
			problem = fmt.Sprintf("the tracker answered with %q after %q was written", clip(got.Value), clip(value))
		}
		link.FieldStates[f] = domain.FieldIssue{State: domain.FieldFailed, Code: code, Problem: problem, Value: value, At: s.e.Now()}
		if known {
			// What the tracker made of it is its own state, not an edit to take in.
			base := link.Base[f]
			link.Base[f] = domain.BaseValue{Value: base.Value, Raw: got.Raw, Revision: back.Revision}
		}
	}
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
