package evidence

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

func testChange() domain.Change {
	at := time.Date(2026, 5, 4, 3, 2, 1, 654321000, time.UTC)
	return domain.Change{Seq: 7, Subject: domain.SubjectMeasure, Key: "M-3", SubjectSeq: 2, At: at, Kind: domain.ChangeField, Field: "title", From: "old", To: "Größe",
		Attribution: domain.Attribution{Source: domain.FromGitHub, Actor: "github:octocat", OnBehalf: "t_1", External: "9f2", ExternalTime: at, Request: "r1", Reason: "because"}}
}

// filled makes random bytes that a test knows.
func filled() Origin {
	n := byte(0)
	return Origin{Log: testName, App: "v1.2.3+dirty", Prev: 4, Random: func(b []byte) {
		n++
		for i := range b {
			b[i] = n
		}
	}}
}

// The exact bytes of a leaf are a promise to everybody who keeps a checkpoint.
func TestLeafBytes(t *testing.T) {
	l, salts := NewLeaf(testChange(), filled())
	got, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := `followthrough leaf v1
log followthrough/test
kind field
subject measure
key M-3
seq 2
prev 4
time 2026-05-04T03:02:01.654321Z
ext-time 2026-05-04T03:02:01.654321Z
source github
actor ` + string(Commit(salts[:32], "actor", "github:octocat")) + `
on-behalf =t_1
ext ` + string(Commit(salts[32:64], "ext", "9f2")) + `
request ` + string(Commit(salts[64:96], "request", "r1")) + `
field title ` + string(Commit(salts[96:128], "title/from", "old")) + ` ` + string(Commit(salts[128:160], "title/to", "Größe")) + `
reason ` + string(Commit(salts[160:], "reason", "because")) + `
app v1.2.3+dirty
nonce 01010101010101010101010101010101
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("leaf (-want +got):\n%s", diff)
	}
	for _, private := range []string{"octocat", "Größe", "old\n", "because", "9f2 "} {
		if strings.Contains(string(got), private) {
			t.Errorf("the leaf holds %q in clear", private)
		}
	}
	back, err := ParseLeaf(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

func TestParseLeafRefuses(t *testing.T) {
	l, _ := NewLeaf(testChange(), filled())
	good, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	text := string(good)
	for name, bad := range map[string]string{
		"empty":             "",
		"no end of line":    strings.TrimSuffix(text, "\n"),
		"carriage return":   strings.ReplaceAll(text, "\n", "\r\n"),
		"line twice":        strings.Replace(text, "kind field\n", "kind field\nkind field\n", 1),
		"unknown line":      text + "more x\n",
		"other order":       strings.Replace(text, "seq 2\nprev 4\n", "prev 4\nseq 2\n", 1),
		"number with zero":  strings.Replace(text, "seq 2", "seq 02", 1),
		"text in clear":     strings.Replace(text, "on-behalf =t_1", "on-behalf =t 1", 1),
		"upper-case digits": strings.Replace(text, "reason #", "reason #A", 1),
		"too long":          strings.Replace(text, "app v1", "app v1"+strings.Repeat("1", MaxLeaf), 1),
		"nonce":             strings.Replace(text, "nonce 01", "nonce 1", 1),
		"field of two":      strings.Replace(text, "field title #", "field #", 1),
	} {
		if _, err := ParseLeaf([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Whoever has the row has the openings; after an erasure the leaf is the same
// and the erased values cannot be had.
func TestErase(t *testing.T) {
	c := testChange()
	c.Kind, c.Field, c.From, c.To = domain.ChangeCreate, "", "", `{"external_owner":"Bo Berg","status":"proposed","title":"Ask Bo Berg"}`
	l, salts := NewLeaf(c, filled())
	before, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range Openings(l, c, salts) {
		value := Value("")
		for _, v := range l.values() {
			if v.Name == o.Name {
				value = v.Value
			}
		}
		if Commit(o.Salt, o.Name, o.Text) != value {
			t.Errorf("%s does not open", o.Name)
		}
	}
	if n := Erase(l, &c, salts, func(name string) bool { return fieldOf(name) == "external_owner" || name == "actor" }); n != 2 {
		t.Errorf("%d values erased, want 2", n)
	}
	if c.To != `{"status":"proposed","title":"Ask Bo Berg"}` || c.Actor != "erased" {
		t.Errorf("the row still says %q by %q", c.To, c.Actor)
	}
	if got := Openings(l, c, salts); len(got) != 4 { // ext, request, title, reason
		t.Errorf("%d openings are left, want 4", len(got))
	}
	if n := Erase(l, &c, salts, func(name string) bool { return name == "actor" }); n != 0 {
		t.Errorf("erased again: %d", n)
	}
	after, err := l.Encode()
	if err != nil || !bytes.Equal(before, after) {
		t.Error("the leaf has changed")
	}
}

func TestClausesSelectSomething(t *testing.T) {
	l := newTestLog(t).story()
	clauses := map[string]bool{}
	for _, c := range Clauses() {
		clauses[c.Clause] = true
		if c.Standard == "" || c.Title == "" || c.Asks == "" || len(c.Answers) == 0 {
			t.Errorf("%s %s is not complete", c.Standard, c.Clause)
		}
	}
	for _, want := range []string{"A.5.27", "10.2", "A.8.15", "Annex 3.6", "Annex 7", "Article 13", "CC7.5", "10.1"} {
		if !clauses[want] {
			t.Errorf("clause %s is missing", want)
		}
	}
	d, err := NewDraft(t.Context(), l.scope(), l.each, l.vkey, nil)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(d.files[fileMapping]); !strings.Contains(text, `"leaves": "0-`) || !strings.Contains(text, `"count": 1`) {
		t.Errorf("the mapping names no leaves:\n%s", text)
	}
}
