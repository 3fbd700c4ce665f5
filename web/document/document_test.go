package document

import (
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/chart"
	"github.com/followthrough/followthrough/web/i18n"
)

var begin = time.Date(2026, 3, 26, 22, 50, 0, 0, time.UTC)

func input(t *testing.T, language string) Input {
	t.Helper()
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	i := domain.Incident{Key: "INC-1", Title: "No route *at all*", Severity: domain.SEV2, StartedAt: begin, DetectedAt: begin, ResolvedAt: begin.Add(8 * time.Hour)}
	messages := []domain.Message{{ID: "m_1", Channel: "#ops", Sender: "Ana", At: begin.Add(time.Minute), Statement: "It stands still"},
		{ID: "m_2", Channel: "status page", At: begin.Add(2 * time.Minute), Statement: "All is well", Diverges: "#ops: it stands still"},
		{ID: "m_3", Channel: "#ops", Sender: "Ben", At: begin.Add(7 * time.Hour), Statement: "It moves"}}
	d := domain.ReviewDocument{Incident: i, Talk: domain.TalkOf(i, messages, domain.Policy{}), Numbers: map[string]string{"gaps": "1"},
		Review: domain.Review{State: domain.ReviewPublished, Summary: "Silent {gaps} times.", Entries: []domain.ReviewEntry{
			{Section: domain.SectionTimeline, Kind: domain.KindDecision, At: begin, Until: begin.Add(time.Minute), Text: "Restart <b>it</b>"}}},
		Measures: []domain.Measure{{Key: "M-1", Title: "Check the positions", DueOn: domain.MustDate("2026-12-14"), Status: domain.Accepted}}}
	return Input{Document: d, Messages: messages, Version: 1, At: begin, Texts: bundle.Texts(language), Zone: time.UTC, Person: func(id domain.PersonID) string { return string(id) }}
}

// A day that begins a point, "26. März", is no numbered list in it.
func TestDatesAreDates(t *testing.T) {
	for language, want := range map[string][]string{
		"en": {"<li>26 Mar 2026, 22:50 – 22:51 · <strong>Decision</strong>", "<li>26 Mar 2026, 22:52 to 27 Mar 2026, 05:50: 6 h 58 min (Everybody)", "<td>14\u00a0Dec\u00a02026</td>", "Times are in UTC."},
		"de": {"<li>26. März 2026, 22:50 – 22:51 · <strong>Entscheidung</strong>", "<li>26. März 2026, 22:52 bis 27. März 2026, 05:50: 6 h 58 min (Alle)", "<td>14.\u00a0Dez.\u00a02026</td>", "Zeiten gelten in UTC."},
	} {
		body := Body(input(t, language), chart.Texts{})
		for _, text := range want {
			if !strings.Contains(body, text) {
				t.Errorf("%s: %q is missing in\n%s", language, text, body)
			}
		}
		if strings.Contains(body, "<ol") || strings.Contains(body, "<b>") || strings.Contains(body, "at all</em>") {
			t.Errorf("%s: a text was taken for Markdown or HTML:\n%s", language, body)
		}
	}
}

// The picture is the one of the version: without it when messages came since,
// and with the marks of then.
func TestLanesAreThoseOfTheVersion(t *testing.T) {
	in := input(t, "en")
	in.Messages[0].Diverges, in.Messages[1].Diverges, in.Messages[2].Diverges = "marked later", "", "marked later"
	body := Body(in, chart.Texts{LanesTitle: "Lanes"})
	if !strings.Contains(body, "<svg") || strings.Count(body, "pic-ring-late") != 2 { // the message's and the legend's
		t.Errorf("%d rings in\n%s", strings.Count(body, "pic-ring-late"), body)
	}
	in.Messages = append(in.Messages, domain.Message{ID: "m_4", Channel: "#ops", At: begin.Add(time.Hour), Statement: "imported later"})
	if body := Body(in, chart.Texts{}); strings.Contains(body, "<svg") {
		t.Error("a later message is in the picture of a former version")
	}
}

func TestUntitled(t *testing.T) {
	in := input(t, "en")
	if text := Markdown(in); !strings.HasPrefix(text, `# Review of INC-1: No route \*at all\*`) || !strings.Contains(text, "version 1") {
		t.Errorf("%.200s", text)
	}
	in.Untitled = true
	if text := Markdown(in); !strings.HasPrefix(text, "## Management summary\n\nSilent 1 times.") {
		t.Errorf("%.200s", text)
	}
}

// An empty step says so, a time nobody gave is left out, and what all points
// are from is said once.
func TestWhatIsMissing(t *testing.T) {
	in := input(t, "en")
	in.Document.Talk, in.Messages = domain.Talk{}, nil
	in.Document.Review.Entries = []domain.ReviewEntry{{Section: domain.SectionCause, Kind: domain.KindCause, Text: "Disk full", Source: "report.md"},
		{Section: domain.SectionCause, Kind: domain.KindCause, Text: "No alert", Source: "report.md"}}
	text := Markdown(in)
	if strings.Contains(text, "Mitigated") || strings.Count(text, "Nothing was written down.") != 2 || strings.Count(text, "report.md") != 1 || !strings.Contains(text, "\nSource: report.md\n") {
		t.Errorf("%s", text)
	}
	in.Document.Review.Entries[1].Source = "call"
	if text := Markdown(in); !strings.Contains(text, "Disk full (report.md)") || !strings.Contains(text, "No alert (call)") {
		t.Errorf("%s", text)
	}
}
