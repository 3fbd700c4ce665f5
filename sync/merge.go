package sync

import (
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// MergeInput is everything the three-way merge of one link looks at.
type MergeInput struct {
	// Base holds what both sides last agreed on; a missing field was never agreed on.
	Base map[domain.Field]domain.BaseValue
	// Local is the measure's values in canonical form.
	Local map[domain.Field]string
	// Remote is the issue; a field absent from it is unknown, never cleared.
	Remote domain.Snapshot
	// States are the fields that are not fine, open conflicts included.
	States map[domain.Field]domain.FieldIssue
	// Asked says which fields have an undecided conflict in the inbox.
	Asked map[domain.Field]bool
	// Put is the tracker's lens.
	Put func(field domain.Field, value string, on domain.Snapshot) domain.RemoteValue
	// Policy decides when both sides changed.
	Policy func(domain.Field) domain.Resolution
	// LocalAt is our commit time of the measure, for the policy newest.
	LocalAt time.Time
	Now     time.Time
}

// Decision is what a merge wants to happen. Applying it and merging again on
// the result decides nothing: that is quiescence.
type Decision struct {
	// Receive goes to the measure.
	Receive []domain.FieldUpdate
	// Base holds the entries that are agreed on now.
	Base map[domain.Field]domain.BaseValue
	// Write lists the fields to push, with their values in Values.
	Write  []domain.Field
	Values map[domain.Field]string
	// Conflicts are new: decided by policy, or asked.
	Conflicts []domain.Conflict
	// States replaces the states of the merged fields.
	States map[domain.Field]domain.FieldIssue
}

// Quiet reports whether nothing is to be received, written or recorded.
func (d Decision) Quiet() bool {
	return len(d.Receive) == 0 && len(d.Write) == 0 && len(d.Conflicts) == 0 && len(d.Base) == 0
}

// newestMargin is how far two clocks may differ before newest trusts them.
const newestMargin = 2 * time.Minute

// Merge compares both sides with the base, field by field (sync.md section C).
// It is pure.
func Merge(in MergeInput) Decision {
	d := Decision{Base: map[domain.Field]domain.BaseValue{}, Values: map[domain.Field]string{}, States: map[domain.Field]domain.FieldIssue{}}
	for _, field := range domain.SyncedFields() {
		f := fieldMerge{MergeInput: in, d: &d, field: field, local: in.Local[field]}
		f.base, f.agreed = in.Base[field]
		f.remote, f.known = in.Remote.Fields[field]
		if state, ok := in.States[field]; ok {
			d.States[field] = state
			f.release(state)
		}
		f.merge()
	}
	return d
}

// fieldMerge is the merge of one field.
type fieldMerge struct {
	MergeInput
	d      *Decision
	field  domain.Field
	local  string
	base   domain.BaseValue
	agreed bool
	remote domain.RemoteValue
	known  bool
}

// release ends a conflict that a person has decided: the remote side of it
// becomes the base, and whatever was chosen is an ordinary local change.
func (f *fieldMerge) release(state domain.FieldIssue) {
	if state.State != domain.FieldConflicted || f.Asked[f.field] {
		return
	}
	delete(f.d.States, f.field)
	f.base, f.agreed = domain.BaseValue{Value: state.Theirs, Raw: state.TheirsRaw, Revision: f.Remote.Revision}, true
	f.d.Base[f.field] = f.base
}

func (f *fieldMerge) merge() {
	if f.known && f.remote.State == domain.FieldFailed {
		f.flag(domain.FieldFailed, "unreadable", f.remote.Problem, f.local)
		f.known = false
	}
	switch {
	case f.field == domain.FieldIncident:
		f.mergeOutward()
	case !f.known:
		f.mergeUnknown()
	case f.remote.Value == f.local:
		f.agree(f.local)
	case f.Asked[f.field]:
		f.ask()
	case !f.agreed:
		f.firstContact()
	default:
		f.compare()
	}
}

// mergeOutward handles the field that only goes out: a person's edit of it in
// the tracker is left until we write for a reason of our own (A4).
func (f *fieldMerge) mergeOutward() {
	if f.agreed && f.base.Value == f.local || !f.agreed && f.local == "" {
		return
	}
	if f.known && f.Put(f.field, f.local, f.Remote).Raw == f.remote.Raw {
		f.agree(f.local)
		return
	}
	f.write(f.local)
}

// mergeUnknown handles a field the issue does not show: never a clearing, but
// our own change is still written.
func (f *fieldMerge) mergeUnknown() {
	if f.agreed && f.base.Value == f.local || !f.agreed && f.local == "" {
		return
	}
	f.write(f.local)
}

// firstContact never writes over a value: an empty side takes the other's, and
// two different values are a question for a person.
func (f *fieldMerge) firstContact() {
	switch {
	case silent(f.field, f.local):
		f.receive(f.remote.Value)
	case silent(f.field, f.remote.Value):
		// Agreeing on the silent side makes our value an ordinary local change.
		f.d.Base[f.field] = domain.BaseValue{Value: f.remote.Value, Raw: f.remote.Raw, Revision: f.Remote.Revision}
		f.write(f.local)
	default:
		f.ask()
	}
}

// silent reports whether a value says nothing: empty, or the status every new
// issue has.
func silent(f domain.Field, value string) bool {
	return value == "" || f == domain.FieldStatus && value == string(domain.ProjectionOpen)
}

func (f *fieldMerge) compare() {
	remoteChanged, localChanged := f.remote.Raw != f.base.Raw, f.local != f.base.Value
	switch {
	case remoteChanged && localChanged:
		f.conflict()
	case remoteChanged:
		f.receive(f.remote.Value)
	case localChanged:
		f.write(f.local)
	}
}

// conflict decides by policy; whatever loses is kept.
func (f *fieldMerge) conflict() {
	policy := f.Policy(f.field)
	if policy == domain.ResolveNewest {
		policy = domain.ResolveOurs
		if f.Remote.Revision.Sub(f.LocalAt) > newestMargin {
			policy = domain.ResolveTracker
		}
	}
	switch policy {
	case domain.ResolveOurs:
		f.record(domain.ResolveOurs, f.local)
		// The losing value is kept and known from now on: what is left is an ordinary local change.
		f.d.Base[f.field] = domain.BaseValue{Value: f.remote.Value, Raw: f.remote.Raw, Revision: f.Remote.Revision}
		f.write(f.local)
	case domain.ResolveTracker:
		f.record(domain.ResolveTracker, f.remote.Value)
		f.receive(f.remote.Value)
	case domain.ResolveMerge:
		merged, clean := MergeLines(f.base.Value, f.local, f.remote.Value)
		if !clean || f.remote.State == domain.FieldOpaque {
			f.ask()
			return
		}
		f.d.Receive = append(f.d.Receive, domain.FieldUpdate{Field: f.field, Value: merged})
		f.d.Base[f.field] = domain.BaseValue{Value: f.remote.Value, Raw: f.remote.Raw, Revision: f.Remote.Revision}
		if merged != f.remote.Value {
			f.write(merged)
		}
	case domain.ResolveAsk, domain.ResolveNewest:
		f.ask()
	}
}

func (f *fieldMerge) record(by domain.Resolution, winner string) {
	c := f.newConflict()
	c.Resolution, c.Winner, c.ResolvedAt, c.ResolvedBy = by, winner, f.Now, "policy"
	f.d.Conflicts = append(f.d.Conflicts, c)
}

func (f *fieldMerge) newConflict() domain.Conflict {
	return domain.Conflict{Field: f.field, Base: f.base.Value, Ours: f.local, Theirs: f.remote.Value,
		OursAt: f.LocalAt, TheirsBy: f.Remote.Actor, TheirsAt: f.Remote.Revision, OpenedAt: f.Now}
}

// ask opens a conflict, once per pair of values, and holds both sides still.
func (f *fieldMerge) ask() {
	state, open := f.d.States[f.field]
	if !open || state.State != domain.FieldConflicted || state.Value != f.local || state.Theirs != f.remote.Value {
		f.d.Conflicts = append(f.d.Conflicts, f.newConflict())
	}
	f.d.States[f.field] = domain.FieldIssue{State: domain.FieldConflicted, Code: "conflict", Problem: "both sides changed it; decide in the conflict inbox",
		Value: f.local, Theirs: f.remote.Value, TheirsRaw: f.remote.Raw, At: f.Now}
}

func (f *fieldMerge) agree(value string) {
	if !f.agreed || f.base.Value != value || f.base.Raw != f.remote.Raw {
		f.d.Base[f.field] = domain.BaseValue{Value: value, Raw: f.remote.Raw, Revision: f.Remote.Revision}
	}
	f.settle()
}

// settle clears a state that no longer holds, and keeps one the remote value has by itself.
func (f *fieldMerge) settle() {
	if f.remote.State == domain.FieldOpaque || f.remote.State == domain.FieldDegraded {
		f.flag(f.remote.State, string(f.remote.State), f.remote.Problem, f.local)
		return
	}
	delete(f.d.States, f.field)
}

func (f *fieldMerge) receive(value string) {
	f.d.Receive = append(f.d.Receive, domain.FieldUpdate{Field: f.field, Value: value, Closure: f.remote.Closure})
	f.d.Base[f.field] = domain.BaseValue{Value: value, Raw: f.remote.Raw, Revision: f.Remote.Revision}
	f.settle()
}

// write plans a push, unless the tracker already says the same in its own
// words, the text must not be overwritten, or the very value was refused before.
func (f *fieldMerge) write(value string) {
	if f.known && f.remote.State == domain.FieldOpaque && f.agreed {
		f.flag(domain.FieldOpaque, "opaque", "the text in the tracker has parts that would be lost; it is not overwritten", value)
		return
	}
	if s, ok := f.d.States[f.field]; ok && s.State == domain.FieldFailed && s.Code != "unreadable" && s.Code != "unconfirmed" && s.Value == value {
		return
	}
	put := f.Put(f.field, value, f.Remote)
	if put.State == domain.FieldFailed {
		f.flag(domain.FieldFailed, "unmappable", put.Problem, value)
		return
	}
	if f.known && put.Raw == f.remote.Raw {
		f.agree(value)
		return
	}
	if put.State == domain.FieldDegraded {
		f.flag(domain.FieldDegraded, "degraded", put.Problem, value)
	} else {
		delete(f.d.States, f.field)
	}
	f.d.Write = append(f.d.Write, f.field)
	f.d.Values[f.field] = value
}

func (f *fieldMerge) flag(state domain.FieldState, code, problem, value string) {
	at := f.Now
	if old, ok := f.d.States[f.field]; ok && old.State == state && old.Problem == problem && old.Value == value {
		at = old.At
	}
	f.d.States[f.field] = domain.FieldIssue{State: state, Code: code, Problem: problem, Value: value, At: at}
}

// MergeLines is a line-wise three-way merge. It reports false when both sides
// changed the same lines differently; the merged text is then empty.
func MergeLines(base, ours, theirs string) (string, bool) {
	switch {
	case ours == theirs, theirs == base:
		return ours, true
	case ours == base:
		return theirs, true
	}
	o := splitLines(base)
	a, b := matches(o, splitLines(ours)), matches(o, splitLines(theirs))
	var out []string
	for _, chunk := range chunks(o, a, b) {
		oursText, theirsText, baseText := strings.Join(chunk.a, ""), strings.Join(chunk.b, ""), strings.Join(chunk.o, "")
		switch {
		case oursText == theirsText, theirsText == baseText:
			out = append(out, oursText)
		case oursText == baseText:
			out = append(out, theirsText)
		default:
			return "", false
		}
	}
	return strings.TrimSuffix(strings.Join(out, ""), "\n"), true
}
