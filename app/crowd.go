package app

import (
	"context"
	"slices"

	"github.com/followthrough/followthrough/domain"
)

// crowd knows who is there on a day, who may see what, and who stands in.
type crowd struct {
	people   map[domain.PersonID]domain.Person
	order    []domain.PersonID
	leads    map[domain.TeamID]domain.PersonID
	teams    map[domain.TeamID]string
	settings map[domain.PersonID]domain.NoticeSettings
	day      domain.Date
}

func (s *Reminders) crowd(ctx context.Context, day domain.Date) (crowd, error) {
	c := crowd{people: map[domain.PersonID]domain.Person{}, leads: map[domain.TeamID]domain.PersonID{}, teams: map[domain.TeamID]string{}, day: day}
	people, err := s.Store.People(ctx)
	if err != nil {
		return c, err
	}
	for _, p := range people {
		c.people[p.ID] = p
		c.order = append(c.order, p.ID)
	}
	teams, err := s.Store.Teams(ctx)
	if err != nil {
		return c, err
	}
	for _, t := range teams {
		c.leads[t.ID], c.teams[t.ID] = t.Lead, t.Name
	}
	c.settings, err = s.Store.AllNoticeSettings(ctx)
	return c, err
}

func (c crowd) settingsOf(id domain.PersonID) domain.NoticeSettings {
	if n, ok := c.settings[id]; ok {
		return n
	}
	return domain.DefaultNoticeSettings(id)
}

// sees reports whether somebody is active and may see what belongs to a team: a
// letter never tells more than the pages do.
func (c crowd) sees(id domain.PersonID, team domain.TeamID) bool {
	p, ok := c.people[id]
	return ok && !p.Disabled && domain.ScopeOf(p.Role, p.Teams).Allows(team)
}

func (c crowd) here(id domain.PersonID, team domain.TeamID) bool {
	return c.sees(id, team) && !c.settingsOf(id).Absent(c.day)
}

// standIns are who acts for the owner of a measure, the closest first.
func (c crowd) standIns(m domain.Measure) []domain.PersonID {
	return []domain.PersonID{m.Deputy, c.people[m.Owner].Deputy, c.leads[m.Team]}
}

// receiver is who is told about a measure: its owner, or the first one who is
// there to stand in, and for whom. Nobody at all is told when nobody may see it.
func (c crowd) receiver(m domain.Measure) (to, instead domain.PersonID) {
	if c.here(m.Owner, m.Team) {
		return m.Owner, ""
	}
	for _, id := range c.standIns(m) {
		if id != m.Owner && c.here(id, m.Team) {
			return id, m.Owner
		}
	}
	if c.sees(m.Owner, m.Team) { // away, and nobody stands in
		return m.Owner, ""
	}
	return "", ""
}

// verifier is who is asked for a verdict: somebody else than the owner where
// the policy asks for a second person.
func (c crowd) verifier(m domain.Measure, second bool) (to, instead domain.PersonID) {
	if second {
		for _, id := range []domain.PersonID{c.leads[m.Team], m.Deputy, c.people[m.Owner].Deputy} {
			if id != m.Owner && c.here(id, m.Team) {
				return id, ""
			}
		}
	}
	return c.receiver(m)
}

// escalation is who is told beside the owner: the deputy and the lead.
func (c crowd) escalation(m domain.Measure, told domain.PersonID) []domain.PersonID {
	var out []domain.PersonID
	for _, id := range c.standIns(m) {
		if id != m.Owner && id != told && !slices.Contains(out, id) && c.here(id, m.Team) {
			out = append(out, id)
		}
	}
	return out
}

// checkers are who is told that a crisis check is due: who finished the last one
// and the lead of the team; the administrators where neither is there.
func (c crowd) checkers(last domain.Check) []domain.PersonID {
	var out []domain.PersonID
	for _, id := range []domain.PersonID{domain.PersonID(last.FinishedBy), c.leads[last.Team]} {
		if !slices.Contains(out, id) && c.here(id, last.Team) && c.people[id].Role.May(domain.CanEdit) {
			out = append(out, id)
		}
	}
	if len(out) > 0 {
		return out
	}
	return c.managers()
}

// managers are the administrators who are there.
func (c crowd) managers() (out []domain.PersonID) {
	for _, id := range c.order {
		if c.here(id, "") && c.people[id].Role.May(domain.CanManage) {
			out = append(out, id)
		}
	}
	return out
}

func (c crowd) name(id domain.PersonID, external string) string {
	if p, ok := c.people[id]; ok {
		return p.Name
	}
	return external
}
