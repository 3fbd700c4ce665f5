package store

import (
	"github.com/followthrough/followthrough/domain"
)

// checkRow is a crisis check as stored.
type checkRow struct {
	Num           int64 `gorm:"primaryKey;autoIncrement:false"`
	Key           string
	Team          ref
	Catalogue     int64
	Status        string
	Target        int64
	StartedAt     instant
	StartedBy     string
	FinishedAt    instant
	FinishedBy    string
	NextDay       optionalDay
	PolicyVersion int64
	UpdatedAt     instant `gorm:"autoUpdateTime:false"`
	Version       int64
}

// TableName implements schema.Tabler.
func (checkRow) TableName() string { return "crisis_checks" }

func newCheckRow(c domain.Check) checkRow {
	return checkRow{Num: keyNumber(string(c.Key), checkPrefix), Key: string(c.Key), Team: ref(c.Team), Catalogue: int64(c.Catalogue), Status: string(c.Status),
		Target: int64(c.Target), StartedAt: newInstant(c.StartedAt), StartedBy: c.StartedBy, FinishedAt: newInstant(c.FinishedAt), FinishedBy: c.FinishedBy,
		NextDay: newOptionalDay(c.NextOn), PolicyVersion: int64(c.PolicyVersion), UpdatedAt: newInstant(c.UpdatedAt), Version: c.Version}
}

// check brings the answers into the order of the catalogue.
func (r checkRow) check(answers []answerRow) domain.Check {
	c := domain.Check{Key: domain.CheckKey(r.Key), Team: domain.TeamID(r.Team), Catalogue: int(r.Catalogue), Status: domain.CheckStatus(r.Status),
		Target: int(r.Target), StartedAt: r.StartedAt.time(), StartedBy: r.StartedBy, FinishedAt: r.FinishedAt.time(), FinishedBy: r.FinishedBy,
		NextOn: r.NextDay.date(), PolicyVersion: int(r.PolicyVersion), UpdatedAt: r.UpdatedAt.time(), Version: r.Version}
	catalogue, err := domain.CatalogueVersion(c.Catalogue)
	if err != nil {
		return c // a catalogue of a newer program: whoever asks for the questions is told
	}
	for _, q := range catalogue.Questions() {
		for _, a := range answers {
			if a.Question == string(q.ID) {
				c.Answers = append(c.Answers, a.answer())
			}
		}
	}
	return c
}

// answerRow is one answer of a check.
type answerRow struct {
	CrisisCheck string `gorm:"primaryKey"`
	Question    string `gorm:"primaryKey"`
	Step        int64
	Evidence    string
	URL         string
	AnsweredAt  instant
	AnsweredBy  string
}

// TableName implements schema.Tabler.
func (answerRow) TableName() string { return "check_answers" }

func newAnswerRow(key domain.CheckKey, a domain.CheckAnswer) answerRow {
	return answerRow{CrisisCheck: string(key), Question: string(a.Question), Step: int64(a.Step), Evidence: a.Evidence, URL: a.URL,
		AnsweredAt: newInstant(a.At), AnsweredBy: a.By}
}

func (r answerRow) answer() domain.CheckAnswer {
	return domain.CheckAnswer{Question: domain.QuestionID(r.Question), Step: domain.Step(r.Step), Evidence: r.Evidence, URL: r.URL,
		At: r.AnsweredAt.time(), By: r.AnsweredBy}
}
