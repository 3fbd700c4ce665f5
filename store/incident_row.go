package store

import (
	"github.com/followthrough/followthrough/domain"
)

// incidentRow is an incident as stored. The lists are JSON; incident_terms
// repeats them one a row for filtering.
type incidentRow struct {
	Num      int64 `gorm:"primaryKey;autoIncrement:false"`
	Key      string
	ID       string
	Title    string
	Summary  string
	Severity string
	Status   string

	StartedAt   instant
	DetectedAt  instant
	MitigatedAt instant
	ResolvedAt  instant

	Services     string
	Causes       string
	Tags         string
	Fingerprint  string
	RecurrenceOf ref
	ExternalURL  string
	ExternalID   ref
	Team         ref

	ClosedAt  instant
	CreatedAt instant `gorm:"autoCreateTime:false"`
	UpdatedAt instant `gorm:"autoUpdateTime:false"`
	Version   int64
}

// TableName implements schema.Tabler.
func (incidentRow) TableName() string { return "incidents" }

func newIncidentRow(i domain.Incident) incidentRow {
	return incidentRow{
		Num: incidentNumber(i.Key), Key: string(i.Key), ID: i.ID, Title: i.Title, Summary: i.Summary,
		Severity: string(i.Severity), Status: string(i.Status),
		StartedAt: newInstant(i.StartedAt), DetectedAt: newInstant(i.DetectedAt),
		MitigatedAt: newInstant(i.MitigatedAt), ResolvedAt: newInstant(i.ResolvedAt),
		Services: toJSON(i.Services), Causes: toJSON(i.Causes), Tags: toJSON(i.Tags),
		Fingerprint: i.Fingerprint, RecurrenceOf: ref(i.RecurrenceOf), ExternalURL: i.ExternalURL,
		ExternalID: ref(i.ExternalID), Team: ref(i.Team), ClosedAt: newInstant(i.ClosedAt),
		CreatedAt: newInstant(i.CreatedAt), UpdatedAt: newInstant(i.UpdatedAt), Version: i.Version,
	}
}

func (r incidentRow) incident() (domain.Incident, error) {
	i := domain.Incident{
		ID: r.ID, Key: domain.IncidentKey(r.Key), Title: r.Title, Summary: r.Summary,
		Severity: domain.Severity(r.Severity), Status: domain.IncidentStatus(r.Status),
		StartedAt: r.StartedAt.time(), DetectedAt: r.DetectedAt.time(), MitigatedAt: r.MitigatedAt.time(), ResolvedAt: r.ResolvedAt.time(),
		Fingerprint: r.Fingerprint, RecurrenceOf: domain.IncidentKey(r.RecurrenceOf), ExternalURL: r.ExternalURL,
		ExternalID: string(r.ExternalID), Team: domain.TeamID(r.Team), ClosedAt: r.ClosedAt.time(),
		CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(), Version: r.Version,
	}
	var err error
	for _, l := range []struct {
		text string
		dst  *[]string
	}{{r.Services, &i.Services}, {r.Causes, &i.Causes}, {r.Tags, &i.Tags}} {
		if *l.dst, err = fromJSON[[]string](l.text, "list of incident "+r.Key); err != nil {
			return i, err
		}
	}
	return i, nil
}

func incidentsOf(rows []incidentRow) ([]domain.Incident, error) {
	incidents := make([]domain.Incident, len(rows))
	for n, row := range rows {
		var err error
		if incidents[n], err = row.incident(); err != nil {
			return nil, err
		}
	}
	return incidents, nil
}

// termRow is one entry of an incident's lists.
type termRow struct {
	Kind     string `gorm:"primaryKey"`
	Term     string `gorm:"primaryKey"`
	Incident int64  `gorm:"primaryKey;autoIncrement:false"`
}

// TableName implements schema.Tabler.
func (termRow) TableName() string { return "incident_terms" }

func termsOf(num int64, i domain.Incident) []termRow {
	var rows []termRow
	for kind, terms := range map[string][]string{"service": i.Services, "cause": i.Causes, "tag": i.Tags} {
		for _, term := range terms {
			rows = append(rows, termRow{Kind: kind, Term: term, Incident: num})
		}
	}
	return rows
}
