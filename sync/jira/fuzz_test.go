package jira

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/followthrough/followthrough/domain"
)

// fuzzTracker answers nothing; what it asks for is noted.
func fuzzTracker(f *testing.F, flavor domain.Flavor) (*Tracker, *[]string) {
	f.Helper()
	var asked []string
	tracker, err := New(Config{Tracker: domain.Tracker{ID: "a", Kind: domain.Jira, Flavor: flavor, BaseURL: "https://jira.example/jira", Project: "OPS", Account: "a@b.example"},
		Secrets: domain.Secrets{Credential: "token"}, Transport: noted{&asked}, Now: func() time.Time { return time.Unix(1e9, 0) }})
	if err != nil {
		f.Fatal(err)
	}
	return tracker, &asked
}

type noted struct{ asked *[]string }

// RoundTrip implements http.RoundTripper.
func (n noted) RoundTrip(r *http.Request) (*http.Response, error) {
	*n.asked = append(*n.asked, r.URL.Scheme+"://"+r.URL.Host+r.URL.EscapedPath())
	return nil, errors.New("no network")
}

// FuzzWebhook: no body of a delivery panics, and what is accepted names an
// issue that can be asked for.
func FuzzWebhook(f *testing.F) {
	for _, seed := range []string{`{"webhookEvent":"jira:issue_updated","issue":{"id":"10001","key":"OPS-1","fields":{"summary":"s","project":{"id":"10000"},"updated":"2026-01-05T09:00:00.000+0000"}},"changelog":{"items":[{"field":"summary","fieldId":"summary","fromString":"a","toString":"b"}]}}`,
		`{"webhookEvent":"jira:issue_deleted","issue":{"id":1,"key":"OPS-1"}}`, `{"webhookEvent":"sprint_started"}`, `[]`, `{"issue":null}`, ``} {
		f.Add([]byte(seed))
	}
	tracker, asked := fuzzTracker(f, domain.Cloud)
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := tracker.ParseWebhook(http.Header{}, body)
		if len(*asked) > 0 {
			t.Fatalf("reading a delivery asked for %v", *asked)
		}
		if err != nil {
			if _, ok := errors.AsType[*domain.Error](err); !ok {
				t.Fatalf("an error that does not speak: %v", err)
			}
			return
		}
		if e.Delivery == "" || strings.ContainsAny(e.Name, " \n<>\"") {
			t.Fatalf("event %+v", e)
		}
		if !e.Ignored && (!idPattern.MatchString(e.Ref.ID) || !keyPattern.MatchString(e.Ref.Key)) {
			t.Fatalf("the event names the issue %+v", e.Ref)
		}
		again, err := tracker.ParseWebhook(http.Header{}, body)
		if err != nil || again.Delivery != e.Delivery {
			t.Fatalf("the same body read twice differs: %v", err)
		}
	})
}

// FuzzResolve: whatever a person pastes, only our Jira is asked, only about an
// issue of our project, and only when the address says so.
func FuzzResolve(f *testing.F) {
	for _, seed := range []string{"OPS-1", "https://jira.example/jira/browse/OPS-1", "https://jira.example/jira/browse/OPS-1?x=y", "https://evil.example/jira/browse/OPS-1", "https://jira.example@evil.example/jira/browse/OPS-1",
		"https://jira.example/jira/browse/../rest/OPS-1", "OTHER-1", "https://jira.example/jira/browse/OPS-1#c", "//jira.example/jira/browse/OPS-1", " OPS-1 ", "https://JIRA.example/jira/browse/OPS-7/"} {
		f.Add(seed)
	}
	tracker, asked := fuzzTracker(f, domain.Cloud)
	f.Fuzz(func(t *testing.T, address string) {
		*asked = nil
		_, err := tracker.Resolve(t.Context(), address)
		if err == nil {
			t.Fatal("found without a network")
		}
		for _, u := range *asked {
			key, ok := strings.CutPrefix(u, "https://jira.example/jira/rest/api/2/issue/OPS-")
			if !ok || key == "" || strings.Trim(key, "0123456789") != "" {
				t.Fatalf("%q made us ask for %s", address, u)
			}
			if !strings.Contains(address, "OPS-"+key) {
				t.Fatalf("%q does not name OPS-%s", address, key)
			}
		}
		if len(*asked) == 0 && !errors.Is(err, domain.ErrInvalid) {
			t.Fatalf("%q: %v", address, err)
		}
	})
}

// FuzzJQL: a rule of an import never leaves its brackets, and a quoted value
// never its quotes.
func FuzzJQL(f *testing.F) {
	for _, seed := range []string{"labels = a", "a = b) OR (c = d", `a = "x) OR ("`, `a = 'it"s'`, `\`, "ORDER BY x", "((a))", `"`, "order\tby x", "a in (1, 2) AND (b = c)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if q := quoteJQL(text); utf8.ValidString(text) && leaves(q[1:len(q)-1]) {
			t.Fatalf("%q is quoted as %s", text, q)
		}
		jql, err := narrowed("project = 1", text)
		if err != nil {
			if !errors.Is(err, domain.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		inner, ok := strings.CutPrefix(jql, "project = 1 AND (")
		if !ok || !strings.HasSuffix(inner, ")") {
			t.Fatalf("%q became %s", text, jql)
		}
		depth, quote := 0, byte(0)
		for i := range len(inner) - 1 {
			switch c := inner[i]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '(':
				depth++
			case c == ')':
				if depth--; depth < 0 {
					t.Fatalf("%q leaves its brackets in %s", text, jql)
				}
			}
		}
		if depth != 0 || quote != 0 {
			t.Fatalf("%q is open in %s", text, jql)
		}
	})
}

// leaves reports a quote or a line end that is not escaped.
func leaves(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
			if i == len(s) {
				return true
			}
		case '"', '\n', '\r':
			return true
		}
	}
	return false
}

// FuzzAnswer: no row of a list panics, and a row that is read has an identity
// and a place.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"id":"1","key":"OPS-1","fields":{"project":{"id":"1"},"updated":"2026-01-05T09:00:00.000+0000","description":"a\n----\n*Tracked measure* [https://x.example/m]{anchor:m-A-n}\n* *Due:* 2026-01-01"},"properties":{"followthrough.sync":{"measure":"A"}}}`,
		`{"id":1,"key":"OPS-1","fields":{"project":{"id":1},"updated":"2026-01-05T09:00:00Z","assignee":{},"priority":[],"labels":{}},"properties":[{"key":"followthrough.sync","value":1}],"transitions":[{"id":1}]}`, `null`, `{}`} {
		f.Add([]byte(seed))
	}
	cloud, _ := fuzzTracker(f, domain.Cloud)
	server, _ := fuzzTracker(f, domain.DataCenter)
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, tracker := range []*Tracker{cloud, server} {
			s, broken := tracker.snapshot(raw, answer{})
			if broken != nil {
				if broken.Reason == "" {
					t.Fatal("set aside without a reason")
				}
				continue
			}
			if !idPattern.MatchString(s.Ref.ID) || s.Ref.Place == "" || s.Revision.IsZero() && !strings.Contains(string(raw), "0001") || !json.Valid(s.Native) {
				t.Fatalf("read as %+v", s)
			}
			for field, v := range s.Fields {
				if v.State != domain.FieldFailed && tracker.Put(field, v.Value, s).Raw != v.Raw {
					t.Fatalf("%s: %q would be written back as %q", field, v.Raw, tracker.Put(field, v.Value, s).Raw)
				}
			}
			tracker.For(s, "B")
		}
	})
}

// FuzzBlock: what stands around the block survives to the byte, and a value
// never breaks out of its line.
func FuzzBlock(f *testing.F) {
	f.Add("text\n\n----\n*Tracked measure* [https://x.example/m]\n* *Due:* 2026-01-01\n\nafter", "value")
	f.Add("a\r\n----\r\n*Tracked measure* [https://x.example/m]{anchor:m-A-n}\r\n", "*x* {code} \\ [a|b]")
	f.Add("----\n----\n*Tracked measure* x", "—")
	f.Fuzz(func(t *testing.T, text, value string) {
		if !utf8.ValidString(text) || !utf8.ValidString(value) {
			return
		}
		b := splitBlock(text, owner{})
		if !b.found && b.before != text {
			t.Fatalf("text without a block changed: %q", b.before)
		}
		if b.found && (!strings.HasPrefix(text, b.before) || !strings.HasSuffix(text, b.after)) {
			t.Fatalf("around the block: %q and %q of %q", b.before, b.after, text)
		}
		if !b.found {
			b = managed{found: true, url: "https://x.example/m", lines: map[domain.Field]string{}, before: text}
		}
		if b.lines == nil {
			b.lines = map[domain.Field]string{}
		}
		b.lines[domain.FieldMetric] = value
		out := b.join(text)
		back := splitBlock(out, owner{link: b.url})
		want := domain.NormalTitle(value)
		if got := back.lines[domain.FieldMetric]; back.url == b.url && got != want && got != strings.ReplaceAll(want, `\`, "/") && want != "—" && want != "-" {
			t.Fatalf("%q came back as %q from %q", want, got, out)
		}
		if !strings.HasPrefix(out, b.before) || !strings.HasSuffix(out, b.after) {
			t.Fatalf("writing a line changed what stands around: %q became %q", text, out)
		}
	})
}
