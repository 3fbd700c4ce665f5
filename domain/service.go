package domain

import (
	"strings"
	"time"
)

// ServiceID names an entry of the service catalogue, for example s_payments-k3x9qa.
type ServiceID string

// Service is an entry of the service catalogue: since when a service has been
// watched, and until when. Incidents name services as they like; the catalogue
// says how long one was there to fail, which no incident can.
type Service struct {
	ID   ServiceID
	Name string
	// Since is the first day in service; zero is not known. Retired is the last one;
	// zero is still in service.
	Since   Date
	Retired Date
	Team    TeamID

	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// UnlistedService is a service that incidents name and the catalogue does not.
type UnlistedService struct {
	Name      string
	Incidents int
	First     time.Time // when the first of them began; zero = not known
}

// FoldService is what the names of one service agree in: incidents and
// catalogue write "Payments API" and "payments  api" for the same one.
func FoldService(name string) string { return strings.ToLower(NormalTitle(name)) }

// Check refuses an entry that cannot be stored.
func (s Service) Check() error {
	var bad problems
	if NormalTitle(s.Name) == "" {
		bad.add("name", "is empty; give the service's name as incidents write it")
	}
	checkText(&bad, "name", s.Name, MaxName)
	if !s.Since.IsZero() && !s.Retired.IsZero() && s.Retired.Before(s.Since) {
		bad.add("retired", "%s lies before the first day in service, %s", s.Retired, s.Since)
	}
	return bad.err()
}

// Life is the span in which the service was there to fail: from the start of
// its first day to the end of its last. A zero end is open.
func (s Service) Life(zone *time.Location) (from, to time.Time) {
	if !s.Since.IsZero() {
		from = s.Since.Start(zone)
	}
	if !s.Retired.IsZero() {
		to = s.Retired.Deadline(zone)
	}
	return from, to
}

// Unlisted are the services of a list that the catalogue does not have; names
// that differ in their spelling only are one service, named by the first.
func Unlisted(catalogue []Service, named []UnlistedService) []UnlistedService {
	listed, at := map[string]bool{}, map[string]int{}
	for _, s := range catalogue {
		listed[FoldService(s.Name)] = true
	}
	var out []UnlistedService
	for _, n := range named {
		key := FoldService(n.Name)
		if listed[key] {
			continue
		}
		i, again := at[key]
		if !again {
			at[key] = len(out)
			out = append(out, n)
			continue
		}
		out[i].Incidents += n.Incidents
		if out[i].First.IsZero() || !n.First.IsZero() && n.First.Before(out[i].First) {
			out[i].First = n.First
		}
	}
	return out
}

// ServiceFields is the canonical text of every field whose changes are history.
func ServiceFields(s Service) []FieldChange {
	return []FieldChange{{Field: "name", To: s.Name}, {Field: "since", To: s.Since.String()}, {Field: "retired", To: s.Retired.String()}, {Field: "team", To: string(s.Team)}}
}

// ServiceOf reads an entry back from the fields of its history; false when it
// was removed.
func ServiceOf(fields map[string]string) (Service, bool, error) {
	since, err := ParseDate(fields["since"])
	if err != nil {
		return Service{}, false, err
	}
	retired, err := ParseDate(fields["retired"])
	if err != nil {
		return Service{}, false, err
	}
	return Service{Name: fields["name"], Since: since, Retired: retired, Team: TeamID(fields["team"])}, fields["removed"] == "", nil
}
