package document

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
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
	return Input{Document: d, Version: 1, At: begin, Texts: bundle.Texts(language), Charts: Charts(language), Zone: time.UTC, Person: func(id domain.PersonID) string { return string(id) }}
}

// A day that begins a point, "26. März", is no numbered list in it.
func TestDatesAreDates(t *testing.T) {
	for language, want := range map[string][]string{
		"en": {"<li>26 Mar 2026, 22:50 – 22:51 · <strong>Decision</strong>", "<li>26 Mar 2026, 22:52 to 27 Mar 2026, 05:50: 6 h 58 min (Everybody)", "<td>14\u00a0Dec\u00a02026</td>", "Times are in UTC."},
		"de": {"<li>26. März 2026, 22:50 – 22:51 · <strong>Entscheidung</strong>", "<li>26. März 2026, 22:52 bis 27. März 2026, 05:50: 6 h 58 min (Alle)", "<td>14.\u00a0Dez.\u00a02026</td>", "Zeiten gelten in UTC."},
	} {
		body := Body(input(t, language))
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

// A document draws its lanes from itself: they stay whatever becomes of the
// messages, and say when and where, not who and what.
func TestLanesStandInTheDocument(t *testing.T) {
	kept, err := json.Marshal(input(t, "en").Document) // as a version is stored
	if err != nil {
		t.Fatal(err)
	}
	in := input(t, "en")
	in.Document = domain.ReviewDocument{}
	if err := json.Unmarshal(kept, &in.Document); err != nil {
		t.Fatal(err)
	}
	body := HTML(in)
	if dots := strings.Count(body, `class="pic-dot"`); dots != 3+2 { // the messages and the legend
		t.Errorf("%d dots in\n%s", dots, body)
	}
	if rings := strings.Count(body, `class="pic-ring-late"`); rings != 2 { // the message's and the legend's
		t.Errorf("%d rings in\n%s", rings, body)
	}
	svg := body[strings.Index(body, "<svg"):strings.Index(body, "</svg>")]
	if !strings.Contains(svg, "<title>2026-03-26 22:51 #ops</title>") || strings.Contains(svg, "Ana") || strings.Contains(svg, "stands still") {
		t.Errorf("the lanes say who said what:\n%s", svg)
	}
}

// Markdown has the picture inside, behind the text.
func TestMarkdownHasThePicture(t *testing.T) {
	for language, title := range map[string]string{"en": "Communication over time", "de": "Kommunikation im Zeitverlauf"} {
		text := Markdown(input(t, language))
		before, data, ok := strings.Cut(text, "\n[lanes]: data:image/svg+xml;base64,")
		if !ok || !strings.Contains(before, "!["+title) || strings.Contains(before, "base64") {
			t.Fatalf("%s: no picture in\n%.800s", language, text)
		}
		svg, err := base64.StdEncoding.DecodeString(strings.TrimSpace(data))
		if err != nil || !strings.Contains(string(svg), title) {
			t.Errorf("%s: %v %.200s", language, err, svg)
		}
		if err := xml.Unmarshal(svg, new(struct{})); err != nil {
			t.Errorf("%s: %v", language, err)
		}
	}
	in := input(t, "en")
	in.Document.Talk = domain.Talk{}
	if text := Markdown(in); strings.Contains(text, "lanes") {
		t.Errorf("a picture of nothing in\n%s", text)
	}
}

// Who held a role is shown by the name that the directory has now; an outsider
// by the one that was written.
func TestRolesByName(t *testing.T) {
	in := input(t, "en")
	in.Person = func(id domain.PersonID) string {
		return map[domain.PersonID]string{"p_ana": "Ana Roth", "p_gone": domain.ErasedText}[id]
	}
	in.Document.Review.Entries = []domain.ReviewEntry{
		{Section: domain.SectionRole, Kind: domain.KindScribe, PersonID: "p_ana", Deputy: "Mr Vendor"},
		{Section: domain.SectionRole, Kind: domain.KindExpert, Person: "Ms Supplier", DeputyID: "p_gone"}}
	text := Markdown(in)
	for _, want := range []string{"**Scribe** Ana Roth (Deputy: Mr Vendor)", `**Expert** Ms Supplier (Deputy: \[erased\])`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
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
	in.Document.Talk = domain.Talk{}
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
