package store

import "github.com/followthrough/followthrough/domain"

// reviewRow is a review as stored. Entries and roles are JSON: they are read
// and written with the review and never alone.
type reviewRow struct {
	Incident      string `gorm:"primaryKey"`
	State         string
	Reason        string
	Moderator     ref
	SubmittedBy   string
	ApprovedBy    string
	Summary       string
	Communication string
	Teamwork      string
	Entries       string
	SharedWith    string
	Published     int64
	Feedback      string
	FeedbackHash  ref
	Words         string
	// PublishedWords are those of the latest version; publishing copies them.
	PublishedWords string
	CreatedAt      instant `gorm:"autoCreateTime:false"`
	UpdatedAt      instant `gorm:"autoUpdateTime:false"`
	Version        int64
}

// TableName implements schema.Tabler.
func (reviewRow) TableName() string { return "reviews" }

func newReviewRow(r domain.Review) reviewRow {
	return reviewRow{
		Incident: string(r.Incident), State: string(r.State), Reason: r.Reason, Moderator: ref(r.Moderator), SubmittedBy: r.SubmittedBy, ApprovedBy: r.ApprovedBy,
		Summary: r.Summary, Communication: r.Communication, Teamwork: r.Teamwork, Entries: toJSON(r.Entries), SharedWith: toJSON(r.SharedWith),
		Published: int64(r.Published), Feedback: string(r.Feedback), FeedbackHash: ref(r.FeedbackHash), Words: r.Words(),
		CreatedAt: newInstant(r.CreatedAt), UpdatedAt: newInstant(r.UpdatedAt), Version: r.Version,
	}
}

func (r reviewRow) review() (domain.Review, error) {
	out := domain.Review{
		Incident: domain.IncidentKey(r.Incident), State: domain.ReviewState(r.State), Reason: r.Reason, Moderator: domain.PersonID(r.Moderator),
		SubmittedBy: r.SubmittedBy, ApprovedBy: r.ApprovedBy, Summary: r.Summary, Communication: r.Communication, Teamwork: r.Teamwork,
		Published: int(r.Published), Feedback: domain.FeedbackState(r.Feedback), FeedbackHash: string(r.FeedbackHash),
		CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(), Version: r.Version,
	}
	var err error
	if out.Entries, err = fromJSON[[]domain.ReviewEntry](r.Entries, "entries of the review of "+r.Incident); err != nil {
		return out, err
	}
	out.SharedWith, err = fromJSON[[]domain.Role](r.SharedWith, "roles of the review of "+r.Incident)
	return out, err
}

// reviewVersionRow is a published review; a trigger refuses to change it, unless texts are erased.
type reviewVersionRow struct {
	Incident string `gorm:"primaryKey"`
	Number   int64  `gorm:"primaryKey;autoIncrement:false"`
	At       instant
	Actor    string
	Document string
	ErasedAt instant
}

// TableName implements schema.Tabler.
func (reviewVersionRow) TableName() string { return "review_versions" }

func (r reviewVersionRow) version() (domain.ReviewVersion, error) {
	document, err := fromJSON[domain.ReviewDocument](r.Document, "published review of "+r.Incident)
	return domain.ReviewVersion{Incident: domain.IncidentKey(r.Incident), Number: int(r.Number), At: r.At.time(), By: r.Actor, Document: document}, err
}

type reviewMessageRow struct {
	ID        string `gorm:"primaryKey"`
	Incident  string
	Digest    string
	Channel   string
	Sender    string
	Audience  string
	At        instant
	Statement string
	Source    string
	Diverges  string
}

// TableName implements schema.Tabler.
func (reviewMessageRow) TableName() string { return "review_messages" }

func newReviewMessageRow(m domain.Message) reviewMessageRow {
	return reviewMessageRow{m.ID, string(m.Incident), m.Digest(), m.Channel, m.Sender, m.Audience, newInstant(m.At), m.Statement, m.Source, m.Diverges}
}

func (r reviewMessageRow) message() domain.Message {
	return domain.Message{ID: r.ID, Incident: domain.IncidentKey(r.Incident), Channel: r.Channel, Sender: r.Sender, Audience: r.Audience, At: r.At.time(),
		Statement: r.Statement, Source: r.Source, Diverges: r.Diverges}
}

// reviewAnswerRow is an anonymous answer: nothing in it tells who or when.
type reviewAnswerRow struct {
	ID       string `gorm:"primaryKey"`
	Incident string
	Batch    int64
	Body     string
}

// TableName implements schema.Tabler.
func (reviewAnswerRow) TableName() string { return "review_answers" }
