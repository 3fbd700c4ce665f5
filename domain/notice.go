package domain

import "time"

// NoticeKind says what a letter is.
type NoticeKind string

// The kinds of letters.
const (
	NoticeReminder NoticeKind = "reminder"
	NoticeDigest   NoticeKind = "digest"
)

// NoticeKinds lists every kind.
func NoticeKinds() []NoticeKind { return []NoticeKind{NoticeReminder, NoticeDigest} }

// NoticeChannel is the way a letter takes.
type NoticeChannel string

// The channels.
const (
	ByMail NoticeChannel = "mail"
	ByChat NoticeChannel = "chat"
)

// NoticeState says how far a letter has come.
type NoticeState string

// The states: a letter waits, is being handed over, was taken by the mail
// server or chat service, had nothing left to say, or was given up.
const (
	NoticeWaiting NoticeState = "waiting"
	NoticeSending NoticeState = "sending"
	NoticeSent    NoticeState = "sent"
	NoticeVoid    NoticeState = "void"
	NoticeFailed  NoticeState = "failed"
)

// NoticeStates lists every state.
func NoticeStates() []NoticeState {
	return []NoticeState{NoticeWaiting, NoticeSending, NoticeSent, NoticeVoid, NoticeFailed}
}

// KindNotice and KindRound are the kinds of rows that letters have in the work
// schedule; KeyRound is the one row that starts the rounds.
const (
	KindNotice = "notify"
	KindRound  = "notify-round"
	KeyRound   = "notify-round:all"
)

// NoticeKey is the key of a letter in the work schedule.
func NoticeKey(id string) string { return KindNotice + ":" + id }

// Notice is one letter to one receiver for one period. It is written down
// before it is sent and holds keys and reasons, no texts: the letter is worded
// when it goes out, from what its receiver may see then.
type Notice struct {
	ID      string
	Kind    NoticeKind
	Channel NoticeChannel
	// Target is a person's id, or the name of a chat channel.
	Target string
	// Period is the day of a reminder (2026-11-30) or the week of a digest
	// (2026-W49). There is one notice per kind, channel, target and period.
	Period   string
	Items    []NoticeItem
	State    NoticeState
	Attempts int
	// LastError is a sentence without secrets.
	LastError string
	// Stop is the key with which the receiver of a mail ends this kind of letter.
	Stop      string
	CreatedAt time.Time
	UpdatedAt time.Time
	SentAt    time.Time
}

// NoticeItem is one measure in a letter, the crisis check whose successor is due,
// or the period whose assessment is.
type NoticeItem struct {
	Measure MeasureKey `json:"measure,omitempty"`
	Check   CheckKey   `json:"check,omitempty"`
	// Assessment is a period such as 2026-Q4.
	Assessment string `json:"assessment,omitempty"`
	Reason     Reason `json:"reason"`
	// Days since the date that counts; negative before it.
	Days int `json:"days"`
	// For is who would have been told if they were there.
	For PersonID `json:"for,omitempty"`
}

// RemindQuery asks for the measures that somebody may have to be reminded of
// within a span.
type RemindQuery struct {
	Span  Span
	Zone  *time.Location
	Rules []RemindRules
}

// RemindRules are the rules of some versions of the policy that agree in when
// people are reminded. Measures without a version go by those of version 0.
type RemindRules struct {
	Policy   Policy
	Versions []int
}

// RemindCandidate is a measure somebody may have to be reminded of. Of the
// measure it holds what reminders go by and show; texts beside the title, for
// example, are left out.
type RemindCandidate struct {
	Measure Measure
	// ConflictSince is when the oldest conflict that waits was opened; zero without one.
	ConflictSince time.Time
	SnoozedUntil  Date
}

// NoticeFilter selects notices; empty members do not filter.
type NoticeFilter struct {
	State  []NoticeState
	Person PersonID
}

// NoticeOutcome is how one attempt to send a letter ended.
type NoticeOutcome struct {
	State     NoticeState
	LastError string
	// RetryAt is when a waiting letter is tried again.
	RetryAt time.Time
}

// ChatChannel is a chat that letters go to; its address is a secret and stays
// where the letters are sent.
type ChatChannel struct {
	Name  string
	Scope Scope
}

// Letter is a notice in words to be: who gets it and what it says.
type Letter struct {
	Notice   Notice
	Name     string // of the receiver; empty for a chat
	Email    string
	Language string
	Day      Date
	Sections []LetterSection
	// Late counts the open measures past their first date, by age; a digest has it.
	Late map[LateAge]int
}

// Empty reports whether there is nothing to say.
func (l Letter) Empty() bool { return len(l.Sections) == 0 }

// LetterSection is the measures that are named for one reason.
type LetterSection struct {
	Reason Reason
	// Total counts all of them; Lines may name the first ones only.
	Total int
	Lines []LetterLine
}

// LetterLine is one measure, a crisis check whose successor is due, or a period
// that waits for its assessment.
type LetterLine struct {
	Measure Measure
	// Check has a key where the line is about a check; Team is the name of whose
	// it is, empty for the whole organisation.
	Check Check
	Team  string
	// Assessment has a period where the line is about one.
	Assessment DueAssessment
	Days       int
	// Owner is the name of who has to act, and For of who is away.
	Owner string
	For   string
}
