package web

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
	"github.com/followthrough/followthrough/web/i18n"
)

// sources reads the hand-written files of some folders.
func sources(t *testing.T, patterns ...string) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range patterns {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") {
				continue
			}
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(content)
			all.WriteByte('\n')
		}
	}
	return all.String()
}

func messages(t *testing.T, language string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("i18n", language+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func add[T ~string](used map[string]bool, prefix string, values []T) {
	for _, v := range values {
		used[prefix+string(v)] = true
	}
}

// usedTexts is every id the pages can ask for.
func usedTexts(t *testing.T) map[string]bool {
	t.Helper()
	code := sources(t, "*.go", "templates/*.go", "templates/*.templ", "document/*.go", "i18n/*.go")
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`\.[TN]\("([^"]+)"([ ,)])`).FindAllStringSubmatch(code, -1) {
		if m[2] != " " {
			used[m[1]] = true
		}
	}
	add(used, "status.", domain.Statuses())
	add(used, "status.", []domain.Projection{domain.ProjectionOpen, domain.ProjectionInProgress, domain.ProjectionDone, domain.ProjectionCancelled})
	for _, s := range domain.Statuses() {
		if s != domain.Proposed {
			used["step."+string(s)] = true
		}
	}
	add(used, "priority.", domain.Priorities())
	add(used, "kind.", domain.MeasureKinds())
	add(used, "closure_reason.", domain.ClosureReasons())
	add(used, "verdict.", domain.Verdicts())
	add(used, "direction.", []domain.Direction{domain.AtMost, domain.AtLeast})
	add(used, "probe.kind.", domain.ProbeKinds())
	add(used, "link_state.", domain.LinkStates())
	add(used, "incident_status.", domain.IncidentStatuses())
	add(used, "severity.", domain.Severities())
	add(used, "role.", domain.Roles())
	add(used, "source.", []domain.Source{domain.FromGitHub, domain.FromJira, domain.FromImport})
	add(used, "gap.", domain.MeasureGaps())
	add(used, "share.", []domain.ViewShare{domain.ShareNone, domain.ShareOrganisation})
	add(used, "done.", doneTexts())
	add(used, "recurrence.why_", app.Levels())
	add(used, "assessment.answer_", domain.AssessmentAnswers())
	add(used, "nav.", []string{"dashboard", "mine", "statistics", "measures", "incidents", "checks", "reviews", "conflicts", "trackers", "people", "tokens", "policy"})
	add(used, "weekday.", []string{"0", "1", "2", "3", "4", "5", "6"})
	add(used, "notice.", domain.NoticeKinds())
	add(used, "notice_state.", domain.NoticeStates())
	for _, reason := range domain.Reasons() {
		if reason != domain.ReasonNew && reason != domain.ReasonIneffective { // these stand in digests only
			used["reason."+string(reason)] = true
		}
	}
	add(used, "nav.", []string{"evidence"})
	add(used, "witness.", []string{evidence.WitnessTracker, evidence.WitnessMail, evidence.WitnessPack})
	add(used, "flag.", []string{evidence.FlagBulk, evidence.FlagMoved, evidence.FlagOwner, evidence.FlagNoProof, evidence.FlagMetric})
	add(used, "month.", []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"})
	add(used, "flavor.", []domain.Flavor{domain.DotCom, domain.GHES, domain.Cloud, domain.DataCenter})
	add(used, "resolution.", domain.Resolutions())
	add(used, "loss.", []domain.Loss{domain.Lossless, domain.Sticky, domain.Lossy, domain.Unreachable})
	add(used, "pass.", []string{"create", "push", "pull", "adopt", "conflict", "park", "gone"})
	add(used, "tracker.webhook_text.", []domain.TrackerKind{domain.GitHub, domain.Jira})
	add(used, "tracker.base_hint.", []domain.TrackerKind{domain.GitHub, domain.Jira})
	add(used, "field.", domain.SyncedFields())
	add(used, "review_state.", domain.ReviewStates())
	for _, section := range domain.ReviewSections() {
		add(used, "entry.", domain.EntryKinds(section))
		used["review.add_"+string(section)] = true
	}
	add(used, "advice.", domain.AdviceCodes())
	add(used, "feedback.", domain.FeedbackScales())
	add(used, "feedback.", domain.FeedbackQuestions())
	add(used, "audience.", domain.Policy{}.Informed())
	add(used, "field.", []string{"started_at", "detected_at", "mitigated_at", "resolved_at", "recurrence_rejected"})
	for _, m := range regexp.MustCompile(`@looseEntries\(p, "([^"]+)"|(?:section|step)\("([^"]+)"[,)]|entries\([^"\n]+, "([^"]+)"\)`).FindAllStringSubmatch(code, -1) {
		used[m[1]+m[2]+m[3]] = true
	}
	return used
}

// Every text is there in every language, and none is there for nothing.
func TestTextsAreComplete(t *testing.T) {
	used := usedTexts(t)
	words := sources(t, "*.go", "templates/*.templ", "document/*.go", "../domain/*.go")
	for _, language := range i18n.Languages() {
		have := messages(t, language)
		for _, id := range slices.Sorted(maps.Keys(used)) {
			if _, ok := have[id]; !ok {
				t.Errorf("%s: %q is missing", language, id)
			}
		}
		for _, id := range slices.Sorted(maps.Keys(have)) {
			if used[id] {
				continue
			}
			// The name of a field is asked for by the field's own name.
			if field, ok := strings.CutPrefix(id, "field."); ok && strings.Contains(words, `"`+field+`"`) {
				continue
			}
			t.Errorf("%s: %q is used nowhere", language, id)
		}
	}
}

// A translation has the placeholders and the plural forms of the original.
func TestTextsAgree(t *testing.T) {
	en, de := messages(t, "en"), messages(t, "de")
	holes := regexp.MustCompile(`\{\{\.(\w+)\}\}`)
	names := func(v any) string {
		var found []string
		text, ok := v.(string)
		if !ok {
			forms := v.(map[string]any)
			if _, ok := forms["one"]; !ok || len(forms) != 2 {
				return "not one and other"
			}
			text = forms["other"].(string)
		}
		for _, m := range holes.FindAllStringSubmatch(text, -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		return strings.Join(slices.Compact(found), " ")
	}
	for _, id := range slices.Sorted(maps.Keys(en)) {
		if a, b := names(en[id]), names(de[id]); a != b {
			t.Errorf("%s: placeholders %q in English, %q in German", id, a, b)
		}
	}
	if len(en) != len(de) {
		t.Errorf("%d texts in English, %d in German", len(en), len(de))
	}
}

// TestClausesAreTranslated: every text of the mapping of clauses is there in
// German, and none that is not in the mapping.
func TestClausesAreTranslated(t *testing.T) {
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("i18n/clauses.de.json")
	if err != nil {
		t.Fatal(err)
	}
	var known map[string]string
	if err := json.Unmarshal(raw, &known); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, c := range evidence.Clauses() {
		used[c.Title], used[c.Asks] = true, true
		for _, a := range c.Answers {
			used[a.What] = true
		}
	}
	for text := range used {
		if known[text] == "" || bundle.Texts("de").Clause(text) != known[text] || bundle.Texts("en").Clause(text) != text {
			t.Errorf("not translated: %q", text)
		}
	}
	for text := range known {
		if !used[text] {
			t.Errorf("not in the mapping: %q", text)
		}
	}
}
