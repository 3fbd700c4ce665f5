package jira

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// suggest completes the mapping with ids read from the site. What is already
// mapped stays; names are looked at here, once, and never at run time.
func (t *Tracker) suggest(s survey) domain.Mapping {
	m := t.config.Mapping
	if s.Type.ID != "" {
		m.IssueType = string(s.Type.ID)
	}
	m.Statuses = suggestStatuses(t.config.Mapping.Statuses, s.Statuses)
	m.Priorities = suggestPriorities(t.config.Mapping.Priorities, s.Priorities)
	m.Resolutions, m.WontDo = suggestResolutions(t.config.Mapping, s.Resolutions)
	if m.DueField == "" {
		m.DueField = suggestField(s, "duedate", "datepicker", "due", "target date")
	}
	if m.MetricField == "" {
		m.MetricField = suggestField(s, "", "text", "success metric", "success criteri", "erfolgskriterium")
	}
	return m
}

var givenUp = regexp.MustCompile(`(?i)cancel|won.?t|abandon|declin|reject|obsolete|duplicate|withdrawn|discard|invalid|abgebrochen|verworfen|abgelehnt`)

// suggestStatuses sorts the statuses by category; of the done ones, those that
// sound like giving up mean cancelled.
func suggestStatuses(have map[domain.Projection][]string, statuses []named) map[domain.Projection][]string {
	out := map[domain.Projection][]string{}
	for _, p := range projections() {
		if len(have[p]) > 0 {
			out[p] = slices.Clone(have[p])
			continue
		}
		for _, s := range statuses {
			if taken(have, string(s.ID)) {
				continue
			}
			cancelled := s.Category.Key == "done" && givenUp.MatchString(s.Name)
			if s.Category.Key == category(p) && cancelled == (p == domain.ProjectionCancelled) {
				out[p] = append(out[p], string(s.ID))
			}
		}
	}
	return out
}

func taken(have map[domain.Projection][]string, id string) bool {
	for _, ids := range have {
		if slices.Contains(ids, id) {
			return true
		}
	}
	return false
}

// suggestPriorities takes the usual names, else the order of the list: Jira
// lists priorities from the most urgent one down.
func suggestPriorities(have map[domain.Priority]string, list []named) map[domain.Priority]string {
	if len(have) > 0 {
		return maps.Clone(have)
	}
	names := map[domain.Priority][]string{
		domain.P0: {"p0", "highest", "blocker"}, domain.P1: {"p1", "high", "critical"}, domain.P2: {"p2", "medium", "major"},
		domain.P3: {"p3", "low", "minor"}, domain.P4: {"p4", "lowest", "trivial"},
	}
	out := map[domain.Priority]string{}
	for n, p := range domain.Priorities() {
		if at := slices.IndexFunc(list, func(x named) bool { return slices.Contains(names[p], strings.ToLower(x.Name)) }); at >= 0 {
			out[p] = string(list[at].ID)
		} else if len(list) > 0 {
			out[p] = string(list[min(n*len(list)/len(domain.Priorities()), len(list)-1)].ID)
		}
	}
	return out
}

func suggestResolutions(m domain.Mapping, list []named) (map[domain.Projection]string, []string) {
	out := maps.Clone(m.Resolutions)
	if out == nil {
		out = map[domain.Projection]string{}
	}
	find := func(names ...string) string {
		for _, wanted := range names {
			if n := slices.IndexFunc(list, func(x named) bool { return strings.EqualFold(strings.ReplaceAll(x.Name, "’", "'"), wanted) }); n >= 0 {
				return string(list[n].ID)
			}
		}
		return ""
	}
	for p, names := range map[domain.Projection][]string{
		domain.ProjectionDone:      {"done", "fixed", "resolved", "completed", "fertig", "erledigt"},
		domain.ProjectionCancelled: {"won't do", "won't fix", "declined", "cancelled", "canceled", "abandoned", "wird nicht erledigt"},
	} {
		if id := find(names...); out[p] == "" && id != "" {
			out[p] = id
		}
	}
	wont := slices.Clone(m.WontDo)
	for _, x := range list {
		id := string(x.ID)
		if len(m.WontDo) == 0 && givenUp.MatchString(x.Name) && id != out[domain.ProjectionCancelled] && id != out[domain.ProjectionDone] {
			wont = append(wont, id)
		}
	}
	return out, wont
}

// suggestField finds a field by its id, else a custom field of the kind whose
// name has one of the words.
func suggestField(s survey, id, kind string, words ...string) string {
	if _, ok := s.Create[id]; id != "" && (ok || s.Create == nil) {
		return id
	}
	for _, at := range slices.Sorted(maps.Keys(s.Create)) {
		f := s.Create[at]
		for _, w := range words {
			if strings.HasPrefix(f.kind(), kind) && strings.Contains(strings.ToLower(f.Name), w) {
				return at
			}
		}
	}
	return ""
}
