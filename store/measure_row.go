package store

import (
	"strconv"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// measureRow is a measure as stored. The field names are the column names.
type measureRow struct {
	Num         int64 `gorm:"primaryKey;autoIncrement:false"`
	Key         string
	ID          string
	Incident    ref
	CrisisCheck ref
	Question    string
	Title       string
	Description string
	Kind        string
	Priority    string
	Status      string
	// Open is what "open" means in lists: the status is open and known.
	Open          bool
	StatusUnknown bool

	ClosureReason string
	ClosureNote   string
	RiskUntilDay  optionalDay

	Owner          ref
	ExternalOwner  string
	Deputy         ref
	Team           ref
	Succeeds       ref
	DuplicateOf    ref
	DueDay         day
	OriginalDueDay day
	LastDueDay     day
	DueFirmAt      instant
	DueMoves       int64

	MetricName          string
	MetricUnit          string
	MetricBaseline      number
	MetricTarget        number
	MetricDirection     string
	MetricWindowDays    int64
	MetricVerifyDay     optionalDay
	MetricNotMeasurable string

	Verdict       string
	VerifiedBy    string
	EvidenceCount int64
	DoneBy        string

	CreatedAt   instant `gorm:"autoCreateTime:false"`
	AcceptedAt  instant
	DoneAt      instant
	VerifiedAt  instant
	CancelledAt instant
	UpdatedAt   instant `gorm:"autoUpdateTime:false"`

	ChangedFrom   string
	PolicyVersion int64
	Imported      bool
	Version       int64
}

// TableName implements schema.Tabler.
func (measureRow) TableName() string { return "measures" }

func newMeasureRow(m domain.Measure) measureRow {
	return measureRow{
		Num: measureNumber(m.Key), Key: string(m.Key), ID: m.ID, Incident: ref(m.Incident),
		CrisisCheck: ref(m.Check), Question: string(m.Question),
		Title: m.Title, Description: m.Description, Kind: string(m.Kind), Priority: string(m.Priority),
		Status: string(m.Status), Open: m.Status.Open() && !m.StatusUnknown, StatusUnknown: m.StatusUnknown,
		ClosureReason: string(m.ClosureReason), ClosureNote: m.ClosureNote, RiskUntilDay: newOptionalDay(m.RiskAcceptedUntil),
		Owner: ref(m.Owner), ExternalOwner: m.ExternalOwner, Deputy: ref(m.Deputy), Team: ref(m.Team), Succeeds: ref(m.Succeeds), DuplicateOf: ref(m.DuplicateOf),
		DueDay: newDay(m.DueOn), OriginalDueDay: newDay(m.OriginalDueOn), LastDueDay: newDay(m.LastDueOn), DueFirmAt: newInstant(m.DueFirmAt), DueMoves: int64(m.DueMoves),
		MetricName: m.Metric.Name, MetricUnit: m.Metric.Unit, MetricBaseline: newNumber(m.Metric.Baseline),
		MetricTarget: newNumber(m.Metric.Target), MetricDirection: string(m.Metric.Direction),
		MetricWindowDays: int64(m.Metric.WindowDays), MetricVerifyDay: newOptionalDay(m.Metric.VerifyOn),
		MetricNotMeasurable: m.Metric.NotMeasurable,
		Verdict:             string(m.Verdict), VerifiedBy: string(m.VerifiedBy), EvidenceCount: int64(m.EvidenceCount), DoneBy: m.DoneBy,
		CreatedAt: newInstant(m.CreatedAt), AcceptedAt: newInstant(m.AcceptedAt), DoneAt: newInstant(m.DoneAt),
		VerifiedAt: newInstant(m.VerifiedAt), CancelledAt: newInstant(m.CancelledAt), UpdatedAt: newInstant(m.UpdatedAt),
		ChangedFrom: string(m.ChangedFrom), PolicyVersion: int64(m.PolicyVersion), Imported: m.Imported, Version: m.Version,
	}
}

func (r measureRow) measure() domain.Measure {
	return domain.Measure{
		ID: r.ID, Key: domain.MeasureKey(r.Key), Incident: domain.IncidentKey(r.Incident),
		Check: domain.CheckKey(r.CrisisCheck), Question: domain.QuestionID(r.Question),
		Title: r.Title, Description: r.Description, Kind: domain.MeasureKind(r.Kind), Priority: domain.Priority(r.Priority),
		Status: domain.Status(r.Status), StatusUnknown: r.StatusUnknown,
		ClosureReason: domain.ClosureReason(r.ClosureReason), ClosureNote: r.ClosureNote, RiskAcceptedUntil: r.RiskUntilDay.date(),
		Owner: domain.PersonID(r.Owner), ExternalOwner: r.ExternalOwner, Deputy: domain.PersonID(r.Deputy), Team: domain.TeamID(r.Team), Succeeds: domain.MeasureKey(r.Succeeds), DuplicateOf: domain.MeasureKey(r.DuplicateOf),
		DueOn: r.DueDay.date(), OriginalDueOn: r.OriginalDueDay.date(), LastDueOn: r.LastDueDay.date(), DueFirmAt: r.DueFirmAt.time(), DueMoves: int(r.DueMoves),
		Metric: domain.Metric{
			Name: r.MetricName, Unit: r.MetricUnit, Baseline: r.MetricBaseline.pointer(), Target: r.MetricTarget.pointer(),
			Direction: domain.Direction(r.MetricDirection), WindowDays: int(r.MetricWindowDays),
			VerifyOn: r.MetricVerifyDay.date(), NotMeasurable: r.MetricNotMeasurable,
		},
		Verdict: domain.Verdict(r.Verdict), VerifiedBy: domain.PersonID(r.VerifiedBy), EvidenceCount: int(r.EvidenceCount), DoneBy: r.DoneBy,
		CreatedAt: r.CreatedAt.time(), AcceptedAt: r.AcceptedAt.time(), DoneAt: r.DoneAt.time(),
		VerifiedAt: r.VerifiedAt.time(), CancelledAt: r.CancelledAt.time(), UpdatedAt: r.UpdatedAt.time(),
		ChangedFrom: domain.Source(r.ChangedFrom), PolicyVersion: int(r.PolicyVersion), Imported: r.Imported, Version: r.Version,
	}
}

const (
	measurePrefix  = "M-"
	incidentPrefix = "INC-"
)

// measureNumber is the number in a key; 0 for a key that cannot exist, such
// as M-007.
func measureNumber(key domain.MeasureKey) int64 { return keyNumber(string(key), measurePrefix) }

func incidentNumber(key domain.IncidentKey) int64 { return keyNumber(string(key), incidentPrefix) }

func keyNumber(key, prefix string) int64 {
	text, ok := strings.CutPrefix(key, prefix)
	n, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil || n < 1 || strconv.FormatInt(n, 10) != text {
		return 0
	}
	return n
}

func measureKey(num int64) domain.MeasureKey {
	return domain.MeasureKey(measurePrefix + strconv.FormatInt(num, 10))
}

func incidentKey(num int64) domain.IncidentKey {
	return domain.IncidentKey(incidentPrefix + strconv.FormatInt(num, 10))
}
