package jira

import (
	"maps"
	"slices"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// mapping translates values by id, in both directions.
type mapping struct {
	domain.Mapping
	due, metric string
	cloud       bool
	// people and accounts are the identity table both ways.
	people   map[string]domain.PersonID
	accounts map[domain.PersonID]string
}

// defaultPriorities are the ids every Jira is installed with.
func defaultPriorities() map[domain.Priority]string {
	return map[domain.Priority]string{domain.P0: "1", domain.P1: "2", domain.P2: "3", domain.P3: "4", domain.P4: "5"}
}

func newMapping(t domain.Tracker, identities []domain.Identity) mapping {
	m := mapping{Mapping: t.Mapping, due: t.Mapping.DueField, metric: t.Mapping.MetricField, cloud: t.Flavor != domain.DataCenter,
		people: map[string]domain.PersonID{}, accounts: map[domain.PersonID]string{}}
	if m.due == "" {
		m.due = "duedate"
	}
	if len(m.Priorities) == 0 {
		m.Priorities = defaultPriorities()
	}
	for _, i := range identities {
		account := i.Account
		if account == "" && !m.cloud {
			account = i.Login // on Data Center the login is the account
		}
		if i.Tracker == t.ID && account != "" && i.Person != "" {
			m.people[account] = i.Person
			if _, twice := m.accounts[i.Person]; !twice {
				m.accounts[i.Person] = account
			}
		}
	}
	return m
}

// everybody lists the mapped accounts in a fixed order.
func (m mapping) everybody() []string { return slices.Sorted(maps.Keys(m.people)) }

// statusOf projects a status: by its id, else by its category; done and
// cancelled are told apart by the resolution where the status does not.
func (m mapping) statusOf(id, category, resolution string) (domain.Projection, bool) {
	var listed []domain.Projection
	for _, p := range projections() {
		if slices.Contains(m.Statuses[p], id) {
			listed = append(listed, p)
		}
	}
	done := slices.Contains(listed, domain.ProjectionDone)
	cancelled := slices.Contains(listed, domain.ProjectionCancelled)
	switch {
	case len(listed) > 0 && !done && !cancelled:
		return listed[0], true
	case cancelled && !done:
		return domain.ProjectionCancelled, true
	case done || len(listed) == 0 && category == "done":
		if m.wontDo(resolution) {
			return domain.ProjectionCancelled, true
		}
		return domain.ProjectionDone, true
	case category == "new":
		return domain.ProjectionOpen, true
	case category == "indeterminate":
		return domain.ProjectionInProgress, true
	}
	return "", false
}

func (m mapping) wontDo(resolution string) bool {
	return resolution != "" && (resolution == m.Resolutions[domain.ProjectionCancelled] || slices.Contains(m.WontDo, resolution))
}

// statusRaw is the remote form of a status. The resolution is part of it only
// where it decides what the status means, so that a workflow which sets one by
// itself makes no difference.
func (m mapping) statusRaw(status, category, resolution string) string {
	with, _ := m.statusOf(status, category, resolution)
	if without, _ := m.statusOf(status, category, ""); with == without {
		return status
	}
	return status + "/" + resolution
}

// byResolution reports whether only the resolution makes a status cancelled.
func (m mapping) byResolution(status string) bool {
	p, ok := m.statusOf(status, "done", "")
	return !ok || p != domain.ProjectionCancelled
}

func projections() []domain.Projection {
	return []domain.Projection{domain.ProjectionOpen, domain.ProjectionInProgress, domain.ProjectionDone, domain.ProjectionCancelled}
}

// category is the status category a projection falls into by default.
func category(p domain.Projection) string {
	switch p {
	case domain.ProjectionOpen:
		return "new"
	case domain.ProjectionInProgress:
		return "indeterminate"
	case domain.ProjectionDone, domain.ProjectionCancelled:
		return "done"
	}
	return ""
}

// priorityOf finds the priority of an id; where several share one, the most
// urgent stands for it.
func (m mapping) priorityOf(id string) (domain.Priority, bool) {
	for _, p := range domain.Priorities() {
		if id != "" && m.Priorities[p] == id {
			return p, true
		}
	}
	return "", false
}

// ownerOf translates an account: to a person, else to an outsider's name.
func (m mapping) ownerOf(account, display string) string {
	if p, ok := m.people[account]; ok {
		return string(p)
	}
	for known, p := range m.people {
		if !m.cloud && strings.EqualFold(known, account) {
			return string(p)
		}
	}
	if display == "" || !m.cloud {
		display = account
	}
	return domain.ExternalPrefix + display
}
