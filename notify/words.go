package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// forms are the singular and the plural of a phrase about a number.
type forms struct{ One, Other string }

func (f forms) of(n int) string {
	if n == 1 || n == -1 {
		return f.One
	}
	return fmt.Sprintf(f.Other, max(n, -n))
}

// words are all texts of letters in one language.
type words struct {
	Months [12]string
	// Date takes day, month and year.
	Date string
	// Reminder and Digest are subjects; ReminderChat and DigestChat head a chat message.
	Reminder     forms
	ReminderChat forms
	Digest       string
	Greeting     string
	GreetingAll  string
	LeadReminder string
	LeadDigest   string
	Sections     map[domain.Reason]string
	DaysOverdue  forms
	DueToday     string
	DueTomorrow  string
	DueInDays    forms
	PastPromise  forms
	VerifyToday  string
	VerifySince  forms
	WaitsToday   string
	Waits        forms
	DueOn        string
	NoDue        string
	Owner        string
	Away         string
	More         forms
	LateHead     string
	Late         map[domain.LateAge]string
	Checkpoint   string
	CheckSubject string
	CheckChat    string
	CheckName    string
	CheckOfAll   string
	CheckOfTeam  string
	CheckLast    string
	WhyCheck     string
	// Of a period whose assessment is due.
	AssessmentSubject string
	AssessmentChat    string
	AssessmentTitle   string
	WhyAssessment     string
	WhyReminder       string
	WhyDigest         string
	Choose            string
	Stop              string
}

func wordsOf(language string) words {
	if language == "de" {
		return german()
	}
	return english()
}

func (w words) date(d domain.Date) string {
	return fmt.Sprintf(w.Date, d.Day, w.Months[d.Month-time.January], d.Year)
}

// when says how a measure stands to the date that counts for the reason.
func (w words) when(reason domain.Reason, line domain.LetterLine) string {
	switch reason {
	case domain.ReasonEscalated, domain.ReasonOverdue, domain.ReasonDueToday, domain.ReasonDueSoon:
		return w.dueOn(line.Days, line.Measure.DueOn)
	case domain.ReasonPastPromise:
		return w.PastPromise.of(line.Days) + ", " + fmt.Sprintf(w.DueOn, w.date(line.Measure.DueOn))
	case domain.ReasonVerification:
		if line.Days == 0 {
			return w.VerifyToday
		}
		return w.VerifySince.of(line.Days)
	case domain.ReasonConflict:
		if line.Days == 0 {
			return w.WaitsToday
		}
		return w.Waits.of(line.Days)
	case domain.ReasonCheckDue, domain.ReasonAssessment, domain.ReasonNew, domain.ReasonIneffective:
	}
	if line.Measure.DueOn.IsZero() {
		return w.NoDue
	}
	return fmt.Sprintf(w.DueOn, w.date(line.Measure.DueOn))
}

func (w words) dueOn(days int, day domain.Date) string {
	on := ", " + fmt.Sprintf(w.DueOn, w.date(day))
	switch {
	case days > 0:
		return w.DaysOverdue.of(days) + on
	case days == 0:
		return w.DueToday
	case days == -1:
		return w.DueTomorrow
	}
	return w.DueInDays.of(days) + on
}

// plain keeps a text from outside to one line without anything that drives a
// terminal, a mail header or the direction of writing.
func plain(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case r < 0x20, r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029:
			return ' '
		case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfeff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))), " ")
}
