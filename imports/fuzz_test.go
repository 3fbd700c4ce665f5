package imports_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
)

// The fuzz targets hold every reader to four promises: it does not panic, it
// refuses with a message for people, a refusal hands over nothing, and what it
// hands over is valid, dated in the past, and the same when read again.

func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"title,owner,priority,due_on\nfix,ana,P1,2026-12-01\n",
		"\xEF\xBB\xBFtitle;status\r\n\"a\nb\";done\r\n",
		"incident_id,title,severity,started_at,resolved_at\nI1,Outage,SEV1,2026-01-02T03:04:05Z,2026-01-02T04:00\n",
		"action_id,incident_id,title,success_metric\nA1,I1,fix,lag; target at_most 5 min; baseline 42; window 30 d\n",
		"incident_id,recurs_incident_id,same_cause\nI2,I1,yes\n",
		"title,owner\n[a](http://b) <http://c> `d,e\n",
		"key,title\nM-1,'=1+2\n",
		"title,owner\n\"x,y\n",
		"title,a\x00\n",
	} {
		f.Add(text, "")
	}
	f.Add("title,owner\nMa\xDFnahme,x\n", "windows-1252")
	f.Add("title\nx\n", strings.Repeat("\xA2", 4000))
	f.Fuzz(func(t *testing.T, text, charset string) {
		hold(t, imports.Options{Charset: charset}, "a.csv", text)
	})
}

func FuzzJSON(f *testing.F) {
	for _, text := range []string{
		`{"incidents":[{"incident_id":"I1","title":"Outage","actions":[{"title":"fix","status":"done"}]}]}`,
		`[{"title":"fix","owner":"ana","links":["https://a.example"]}]`,
		`{"measures":[{"title":"x","success_metric":{"name":"lag","target":5,"direction":"at_most","baseline":null}}]}`,
		`{"incidents":[{"external_id":"I1","title":"a"},{"external_id":"I2","title":"b","recurrence_of":"I1"}],"recurrences":[{"incident_id":"I2","recurs_incident_id":"I1","same_cause":"no"}]}`,
		`{"measures":[{"title":"a","title":"b"}]}`,
		`{"measures":[{"title":"\ud800\u0000"}]}`,
		"[[[[", "{}", "null", "7",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { hold(t, imports.Options{Zone: time.UTC}, "a.json", text) })
}

func FuzzMarkdown(f *testing.F) {
	for _, text := range []string{
		"# Outage\n\n- First detected: 2026-01-02 03:04\n\n## Action items\n\n- [x] fix\n- [ ] test\n  - deep\n",
		"---\ntitle: Outage\nseverity: SEV2\n---\n\n## Summary\n\nText\n\n## Next steps\n\n1. one\n\n- detail\n\n2. two\n",
		"# A\n\n| Action | Owner | Priority | Due | Status |\n|---|---|---|---|---|\n| fix \\| it | ana | P1 | 2026-12-01 | ✅ |\n",
		"# A\n## Remediation\n### Prevention\n1. **Head**\ntext. Owner: @ana\n### Process\n- _done in b_\n",
		"**Action items:**\n\n* a [b](c) ![d](e)\n",
		"# A\n- **Review actions**: [x](y\n",
		"| a |\n|-|\n", "# \n## To do\n-\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { hold(t, imports.Options{Zone: time.UTC}, "a.md", text) })
}

func FuzzText(f *testing.F) {
	for _, text := range []string{
		"Outage\n\nAction Items\n1. fix https://a.example/b-\nc\n2. test\n\nTimeline\n10:00 AM x\n",
		"Outage\nNext steps:\n• one            10:00\n  goes on\n3 of 4\n- [x] two\n",
		"\f\n\nAction items\nfree text\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { hold(t, imports.Options{Zone: time.UTC}, "a.txt", text) })
}

func hold(t *testing.T, o imports.Options, name, text string) {
	t.Helper()
	o.Now = realNow()
	readIt := func() (imports.Result, error) {
		return imports.Read([]imports.File{{Name: name, Data: bytes.NewReader([]byte(text))}}, o)
	}
	got, err := readIt()
	if err != nil {
		if !errors.Is(err, domain.ErrInvalid) || !utf8.ValidString(err.Error()) || len(err.Error()) > 10_000 {
			t.Fatalf("a refusal that is no message: %.300q", err)
		}
		if len(got.Batch.Incidents)+len(got.Batch.Measures) > 0 {
			t.Fatal("a refused import hands over a batch")
		}
		return
	}
	for _, i := range got.Batch.Incidents {
		d := i.Incident
		whole(t, d.ExternalID, d.Title, d.Summary, d.Fingerprint, strings.Join(d.Services, ""), strings.Join(d.Tags, ""), strings.Join(d.Causes, ""), i.RecurrenceOfID)
		for _, at := range []time.Time{d.StartedAt, d.DetectedAt, d.MitigatedAt, d.ResolvedAt, d.CreatedAt} {
			if at.After(o.Now.Add(5 * time.Minute)) {
				t.Fatalf("instant %s lies in the future", at)
			}
		}
	}
	for _, m := range got.Batch.Measures {
		d := m.Measure
		whole(t, d.Title, d.Description, d.ClosureNote, d.Metric.Text(), m.OwnerText, m.IncidentID, string(d.Team), strings.Join(m.Links, ""))
		if d.Title == "" || d.Status == domain.Verified || m.StatusUnknown != (d.Status == "") {
			t.Fatalf("measure %+v", m)
		}
		if d.CreatedAt.After(o.Now) || d.DoneAt.After(o.Now) || d.CancelledAt.After(o.Now) {
			t.Fatalf("measure from the future: %+v", m)
		}
	}
	again, err := readIt()
	if err != nil {
		t.Fatalf("the second reading fails: %v", err)
	}
	if diff := cmp.Diff(got.Batch, again.Batch); diff != "" {
		t.Fatalf("two readings differ:\n%s", diff)
	}
}

// whole refuses texts that no database of ours would keep.
func whole(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Fatalf("%q is not storable text", text)
		}
	}
}
