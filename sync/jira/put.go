package jira

import (
	"fmt"
	"slices"
	"unicode/utf16"

	"github.com/followthrough/followthrough/domain"
)

// maxDescription is where a description is cut: Jira takes 32,767 characters
// by default, the rest is for the block.
const maxDescription = 30_000

// Put translates a domain value to the form it has on the issue. The forms
// (RemoteValue.Raw) are:
//
//	title           the summary as it is
//	description     the wiki text outside the block, LF line ends
//	status          STATUS-ID or STATUS-ID/RESOLUTION-ID; category:KEY when no id is known
//	priority        the priority's id
//	owner           the accountId (Cloud) or name (Data Center); empty when unassigned
//	due_on          YYYY-MM-DD
//	success_metric  one line of text
//	incident        the incident's key, as in the block
func (t *Tracker) Put(field domain.Field, value string, on domain.Snapshot) domain.RemoteValue {
	current, known := on.Fields[field]
	if known && current.Value == value && current.State != domain.FieldFailed {
		return current // sticky: what already says the same is never corrected
	}
	switch field {
	case domain.FieldTitle:
		return putTitle(value)
	case domain.FieldDescription:
		return putDescription(value, current, known)
	case domain.FieldStatus:
		return t.putStatus(domain.Projection(value), current, on)
	case domain.FieldPriority:
		return t.putPriority(domain.Priority(value), current)
	case domain.FieldOwner:
		return t.putOwner(value, current)
	case domain.FieldDueOn, domain.FieldMetric, domain.FieldIncident:
		return domain.RemoteValue{Raw: value, Value: value}
	}
	return domain.RemoteValue{Raw: current.Raw, State: domain.FieldFailed, Problem: fmt.Sprintf("Jira has no place for %s", field)}
}

func failed(current domain.RemoteValue, format string, args ...any) domain.RemoteValue {
	return domain.RemoteValue{Raw: current.Raw, Value: current.Value, State: domain.FieldFailed, Problem: fmt.Sprintf(format, args...)}
}

// putTitle cuts a title to what a summary holds.
func putTitle(value string) domain.RemoteValue {
	value = domain.NormalTitle(value)
	units := utf16.Encode([]rune(value))
	if len(units) <= domain.MaxTitle {
		return domain.RemoteValue{Raw: value, Value: value}
	}
	var cut []rune
	size := 0
	for _, r := range value {
		if size += utf16.RuneLen(r); size > domain.MaxTitle-1 {
			break
		}
		cut = append(cut, r)
	}
	short := domain.NormalTitle(string(cut)) + "…"
	return domain.RemoteValue{Raw: short, Value: short, State: domain.FieldDegraded,
		Problem: fmt.Sprintf("the title has %d characters; Jira shows the first %d", len(units), domain.MaxTitle)}
}

// putDescription freezes opaque text, keeps what already says the same and
// cuts what is too long.
func putDescription(value string, current domain.RemoteValue, known bool) domain.RemoteValue {
	value = domain.NormalText(value)
	if known && current.State == domain.FieldOpaque {
		return current
	}
	if known && current.State == domain.FieldFine && sameMarkdown(current.Value, value) {
		return current
	}
	v := writeText(value)
	if len(utf16.Encode([]rune(v.Raw))) <= maxDescription {
		return v
	}
	r := []rune(value)
	for size := 20_000; size > 0; size -= 2_000 {
		if size >= len(r) {
			continue
		}
		short := writeText(domain.NormalText(string(r[:size])) + "\n\n…")
		if len(utf16.Encode([]rune(short.Raw))) <= maxDescription {
			short.State, short.Problem = domain.FieldDegraded, fmt.Sprintf("the description has %d characters; Jira shows the first %d, the whole text is with the measure", len(r), size)
			return short
		}
	}
	return failed(current, "the description has %d characters; Jira takes about %d", len(r), maxDescription)
}

func (t *Tracker) putStatus(p domain.Projection, current domain.RemoteValue, on domain.Snapshot) domain.RemoteValue {
	if !slices.Contains(projections(), p) {
		return failed(current, "%q is not a status a tracker can have", p)
	}
	m := t.mapping
	if p == domain.ProjectionCancelled && len(m.Statuses[p]) == 0 && m.Resolutions[p] == "" {
		return failed(current, "cancelled has no Jira status and no resolution; complete the mapping of tracker %s", t.config.ID)
	}
	n := nativeOf(on)
	if n.Listed {
		if _, ok := t.choose(n.Transitions, p, n); !ok && !t.already(p, n) {
			return failed(current, "no transition leads from here to a status for %s; move the issue in Jira or complete the mapping", p)
		}
	}
	v := domain.RemoteValue{Raw: "category:" + category(p), Value: string(p)}
	if len(m.Statuses[p]) > 0 {
		v.Raw = m.Statuses[p][0]
	}
	// The status that a known step leads to is the better promise.
	if tr, ok := t.choose(n.Transitions, p, n); n.Listed && ok {
		v.Raw = string(tr.To.ID)
	}
	resolution := ""
	if category(p) == "done" {
		resolution = m.Resolutions[p]
	}
	if back, _ := m.statusOf(v.Raw, category(p), resolution); back != p {
		return failed(current, "in Jira %s reads as %s; map a status or a resolution of its own", p, back)
	}
	v.Raw = m.statusRaw(v.Raw, category(p), resolution)
	return v
}

func (t *Tracker) putPriority(p domain.Priority, current domain.RemoteValue) domain.RemoteValue {
	id := t.mapping.Priorities[p]
	switch {
	case p == "":
		return domain.RemoteValue{}
	case id == "":
		return failed(current, "%s has no Jira priority; complete the mapping of tracker %s", p, t.config.ID)
	case id == current.Raw:
		return current
	}
	back, _ := t.mapping.priorityOf(id)
	return domain.RemoteValue{Raw: id, Value: string(back)}
}

func (t *Tracker) putOwner(value string, current domain.RemoteValue) domain.RemoteValue {
	if value == "" {
		return domain.RemoteValue{}
	}
	account, ok := t.mapping.accounts[domain.PersonID(value)]
	if !ok {
		return failed(current, "%s has no account in tracker %s; add the identity", value, t.config.ID)
	}
	if account == current.Raw {
		return current
	}
	return domain.RemoteValue{Raw: account, Value: t.mapping.ownerOf(account, "")}
}
