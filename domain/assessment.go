package domain

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Assessment is the periodic look at whether incidents recur (NIS2 asks for it
// quarterly, DORA monthly). That none was found is an answer too.
type Assessment struct {
	// Period is a quarter such as 2026-Q4 or a month such as 2026-11.
	Period string
	Answer AssessmentAnswer
	Note   string
	// Candidates are the groups that stood to be judged when the answer was given.
	Candidates []RecurrenceGroup
	By         string
	At         time.Time
	// Seq is the row of the history that holds the record.
	Seq int64
}

// AssessmentAnswer is what an assessment found.
type AssessmentAnswer string

// The answers.
const (
	AssessedNone  AssessmentAnswer = "none_found"
	AssessedFound AssessmentAnswer = "found"
)

// AssessmentAnswers lists every answer.
func AssessmentAnswers() []AssessmentAnswer { return []AssessmentAnswer{AssessedNone, AssessedFound} }

// RecurrenceGroup is two or more incidents with the same apparent cause within
// six months.
type RecurrenceGroup struct {
	Cause     string        `json:"cause"`
	Incidents []IncidentKey `json:"incidents"`
}

var (
	quarterPattern = regexp.MustCompile(`^(\d{4})-Q([1-4])$`)
	monthPattern   = regexp.MustCompile(`^(\d{4})-(0[1-9]|1[0-2])$`)
)

// PeriodOf reads a quarter or a month: its first day and the day after its last.
func PeriodOf(text string) (from, to Date, err error) {
	months := 1
	var year, first int
	if g := quarterPattern.FindStringSubmatch(text); g != nil {
		year, _ = strconv.Atoi(g[1]) // four digits
		quarter, _ := strconv.Atoi(g[2])
		first, months = 3*quarter-2, 3
	} else if g := monthPattern.FindStringSubmatch(text); g != nil {
		year, _ = strconv.Atoi(g[1])
		first, _ = strconv.Atoi(g[2])
	} else {
		return Date{}, Date{}, Invalid("period", "%q is not a period; write a quarter as 2026-Q4 or a month as 2026-11", text)
	}
	start := time.Date(year, time.Month(first), 1, 12, 0, 0, 0, time.UTC)
	return DateOf(start), DateOf(start.AddDate(0, months, 0)), nil
}

// PeriodAt names the period of so many months (1 or 3) that a date lies in.
func PeriodAt(d Date, months int) string {
	if months == 1 {
		return fmt.Sprintf("%04d-%02d", d.Year, int(d.Month))
	}
	return fmt.Sprintf("%04d-Q%d", d.Year, (int(d.Month)+2)/3)
}

// AssessmentDays is how many days after the end of a period its answer is due.
const AssessmentDays = 30

// DueAssessment is a period that is over and has no answer.
type DueAssessment struct {
	Period string
	// DueOn is the day the answer is due; Overdue says that it has passed.
	DueOn   Date
	Overdue bool
}

// DueAfter is a period without an answer as it stands today; after is the day
// after its last.
func DueAfter(period string, after, today Date) DueAssessment {
	due := after.AddDays(AssessmentDays - 1)
	return DueAssessment{Period: period, DueOn: due, Overdue: due.Before(today)}
}

// Check refuses an assessment that says nothing or comes before its period.
func (a Assessment) Check(today Date) error {
	var bad problems
	checkEnum(&bad, "answer", a.Answer, AssessmentAnswers(), false)
	checkText(&bad, "note", a.Note, MaxReason)
	if a.Answer == AssessedFound && a.Note == "" {
		bad.add("note", "is empty; say what recurred and what follows from it")
	}
	switch from, _, err := PeriodOf(a.Period); {
	case err != nil:
		bad.addErr("period", err)
	case today.Before(from):
		bad.add("period", "%s has not begun; assess it once it has", a.Period)
	}
	return bad.err()
}

// assessmentRecord is an assessment as the history holds it.
type assessmentRecord struct {
	Answer     AssessmentAnswer  `json:"answer"`
	Note       string            `json:"note,omitempty"`
	Candidates []RecurrenceGroup `json:"candidates,omitempty"`
}

// Record is the history row of an assessment.
func (a Assessment) Record() FieldChange {
	text, _ := json.Marshal(assessmentRecord{a.Answer, a.Note, a.Candidates}) // texts always encode
	return FieldChange{Kind: ChangeVerify, Field: "answer", To: string(text)}
}

// AssessmentOf reads an assessment from its history row.
func AssessmentOf(c Change) (Assessment, error) {
	var r assessmentRecord
	if err := json.Unmarshal([]byte(c.To), &r); err != nil {
		return Assessment{}, Errorf(ErrInvalid, "history row %d is no assessment: %v", c.Seq, err)
	}
	return Assessment{Period: c.Key, Answer: r.Answer, Note: r.Note, Candidates: r.Candidates, By: c.Actor, At: c.At, Seq: c.Seq}, nil
}
