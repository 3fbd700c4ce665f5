package notify

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

var update = flag.Bool("update", false, "write the golden files anew")

// full is a letter with everything in it.
func full(kind domain.NoticeKind, language string) domain.Letter {
	line := func(key, title string, days int, due string) domain.LetterLine {
		return domain.LetterLine{Measure: domain.Measure{Key: domain.MeasureKey(key), Title: title, Priority: domain.P1, DueOn: domain.MustDate(due)}, Days: days, Owner: "Ana Roth"}
	}
	l := domain.Letter{Notice: domain.Notice{Kind: kind, Stop: "stopkey"}, Name: "Ben Grün", Language: language, Day: domain.MustDate("2026-12-07")}
	for _, reason := range domain.Reasons() {
		s := domain.LetterSection{Reason: reason, Total: 2}
		switch reason {
		case domain.ReasonDueToday:
			s.Lines = append(s.Lines, line("M-1", "Zwischenspeicher leeren", 0, "2026-12-07"))
		case domain.ReasonDueSoon:
			s.Lines = append(s.Lines, line("M-2", "Runbook", -1, "2026-12-08"), line("M-3", "Drill", -7, "2026-12-14"))
		case domain.ReasonCheckDue:
			s.Lines = append(s.Lines, domain.LetterLine{Check: domain.Check{Key: "CHK-3", NextOn: domain.MustDate("2026-12-04")}, Days: 3},
				domain.LetterLine{Check: domain.Check{Key: "CHK-2", NextOn: domain.MustDate("2026-12-14")}, Team: "Storage", Days: -7})
		case domain.ReasonAssessment:
			s.Lines = append(s.Lines, domain.LetterLine{Assessment: domain.DueAssessment{Period: "2026-Q3", DueOn: domain.MustDate("2026-10-30"), Overdue: true}, Days: 38})
			s.Total = 1
		default:
			s.Lines = append(s.Lines, line("M-4", "Alert on lag > 30 s", 1, "2026-12-06"), line("M-5", "Second key", 5, "2026-12-02"))
		}
		l.Sections = append(l.Sections, s)
	}
	l.Sections[1].Lines[0].For = "Ana Roth"
	l.Sections[0].Lines[0].Measure.Priority = ""
	l.Late = map[domain.LateAge]int{domain.Late1To7: 2, domain.LateOver90: 1}
	return l
}

// TestLettersGolden holds every word of a letter, in both languages and forms.
func TestLettersGolden(t *testing.T) {
	for _, language := range []string{"en", "de"} {
		for _, kind := range domain.NoticeKinds() {
			message, err := Compose(full(kind, language), "https://ft.example.org", "followthrough.example 17 q6VX…")
			if err != nil {
				t.Fatal(err)
			}
			for form, got := range map[string]string{"txt": message.Subject + "\n\n" + message.Text, "html": message.HTML, "chat": message.Chat} {
				file := filepath.Join("testdata", string(kind)+"."+language+"."+form)
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("%s, run with -update if this is meant (-want +got):\n%s", file, diff)
				}
			}
		}
	}
}

// Every text is there in both languages, with the same placeholders, and no
// text is the same in both by oversight.
func TestWordsAreComplete(t *testing.T) {
	same := map[string]bool{"Followthrough": true}
	var walk func(path string, en, de reflect.Value)
	walk = func(path string, en, de reflect.Value) {
		switch en.Kind() {
		case reflect.Struct:
			for n := range en.NumField() {
				walk(path+"."+en.Type().Field(n).Name, en.Field(n), de.Field(n))
			}
		case reflect.Map:
			for _, key := range en.MapKeys() {
				if !de.MapIndex(key).IsValid() {
					t.Errorf("%s[%s] is missing in German", path, key)
					continue
				}
				walk(path+"["+key.String()+"]", en.MapIndex(key), de.MapIndex(key))
			}
			if en.Len() != de.Len() {
				t.Errorf("%s: %d in English, %d in German", path, en.Len(), de.Len())
			}
		case reflect.Array:
			for n := range en.Len() {
				walk(path, en.Index(n), de.Index(n))
			}
		case reflect.String:
			a, b := en.String(), de.String()
			if a == "" || b == "" {
				t.Errorf("%s is empty: %q, %q", path, a, b)
			}
			if holes := []string{"%s", "%d"}; strings.Count(a, holes[0]) != strings.Count(b, holes[0]) || strings.Count(a, holes[1]) != strings.Count(b, holes[1]) {
				t.Errorf("%s: placeholders of %q and %q", path, a, b)
			}
			if a == b && !same[a] && !strings.Contains(path, "Months") {
				t.Errorf("%s: %q in both languages", path, a)
			}
		}
	}
	walk("words", reflect.ValueOf(english()), reflect.ValueOf(german()))
	for _, reason := range domain.Reasons() {
		if english().Sections[reason] == "" {
			t.Errorf("%s has no heading", reason)
		}
	}
	for _, age := range domain.LateAges() {
		if english().Late[age] == "" {
			t.Errorf("age %d has no name", age)
		}
	}
}

// A letter about nothing but a crisis check does not speak of measures.
func TestLetterAboutACheckAlone(t *testing.T) {
	for language, want := range map[string]string{"en": "the crisis check is due", "de": "der Krisencheck ist fällig"} {
		l := full(domain.NoticeReminder, language)
		l.Sections = slices.DeleteFunc(l.Sections, func(s domain.LetterSection) bool { return s.Reason != domain.ReasonCheckDue })
		message, err := Compose(l, "https://ft.example.org", "")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(message.Subject, want) || !strings.Contains(message.Text, "https://ft.example.org/checks") || !strings.Contains(message.Text, "Storage") {
			t.Errorf("%s: %q\n%s", language, message.Subject, message.Text)
		}
	}
}

// A letter about nothing but a period to assess says so, and leads there.
func TestLetterAboutAnAssessmentAlone(t *testing.T) {
	for language, want := range map[string]string{"en": "the assessment of recurrences is due", "de": "die Bewertung der Wiederholungen ist fällig"} {
		l := full(domain.NoticeReminder, language)
		l.Sections = slices.DeleteFunc(l.Sections, func(s domain.LetterSection) bool { return s.Reason != domain.ReasonAssessment })
		message, err := Compose(l, "https://ft.example.org", "")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(message.Subject, want) || !strings.Contains(message.Text, "https://ft.example.org/recurrences") || !strings.Contains(message.Text, "2026-Q3") {
			t.Errorf("%s: %q\n%s", language, message.Subject, message.Text)
		}
	}
}
