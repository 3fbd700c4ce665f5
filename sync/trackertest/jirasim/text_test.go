package jirasim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/sync/trackertest/contract"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

func TestLossyText(t *testing.T) {
	s := newSite(t, jirasim.Options{LossyText: true})
	for sent, want := range map[string]string{
		"  one \r\n\r\n\r\n\r\ntwo  ":           "one\n\ntwo",
		"- a\n- b":                              "* a\n* b",
		"see !shot.png|width=10! and [~ada]":    "see  and",
		"{anchor:m-1}hidden":                    "hidden",
		"{color:red}loud{color}":                "loud",
		"{code:go}\n- not a list  \n{code}":     "{code:go}\n- not a list  \n{code}",
		"h2. Kept\n\nas *it* is, with {{code}}": "h2. Kept\n\nas *it* is, with {{code}}",
	} {
		t.Run(sent, func(t *testing.T) {
			id := s.create("x", m{"description": sent})
			if got := s.issue(id).Description; got != want {
				t.Errorf("stored %q, want %q", got, want)
			}
		})
	}
}

func TestTextsAreKeptByDefault(t *testing.T) {
	const text = " - a  \r\n\r\n\r\n!x.png! [~bob]\n"
	for name, o := range flavors() {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, o)
			id := s.create("x", m{"description": text})
			var i struct{ Fields struct{ Description string } }
			s.do("GET", "/issue/"+id+"?fields=description", nil, 200).decode(t, &i)
			if i.Fields.Description != text {
				t.Errorf("read back %q", i.Fields.Description)
			}
		})
	}
}

func TestBrowserLineEnds(t *testing.T) {
	s := newSite(t, jirasim.Options{CRLF: true})
	id := s.create("x", m{"description": "a\nb"})
	if err := s.sim.EditIssue(s.bob.Email, id, jirasim.Values{"description": "a\nb"}); err != nil {
		t.Fatal(err)
	}
	if got := s.issue(id).Description; got != "a\r\nb" {
		t.Errorf("stored %q", got)
	}
}

const wikiSample = "h2. Why\n\nThe *pager* is _loud_, see [the log|https://x.example/a?b=c] and {{grep -c}}\nsecond line\n\n* one\n* two\n\n# first\n\n----\n\n{code:go}\nfmt.Println(1)\n\n{code}"

func TestDocumentsRoundTrip(t *testing.T) {
	schema, err := contract.LoadSchemas(contract.SharedFile(t, "contracts", "adf", "adf.full.jsonschema.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, jirasim.Options{})
	id := s.create("x", m{"description": wikiSample})
	s.api = "/rest/api/3"
	read := func() json.RawMessage {
		var i struct {
			Fields struct{ Description json.RawMessage }
		}
		s.do("GET", "/issue/"+id+"?fields=description", nil, 200).decode(t, &i)
		return i.Fields.Description
	}
	doc := read()
	if err := schema.Check("doc_node", doc); err != nil {
		t.Errorf("the document breaks Atlassian's schema: %v\n%s", err, doc)
	}
	for _, part := range []string{`"heading"`, `"strong"`, `"em"`, `"link"`, `"code"`, `"bulletList"`, `"orderedList"`, `"rule"`, `"codeBlock"`, `"hardBreak"`} {
		if !strings.Contains(string(doc), part) {
			t.Errorf("no %s in %s", part, doc)
		}
	}
	s.do("PUT", "/issue/"+id, m{"fields": m{"description": doc}}, 204)
	if got := s.issue(id).Description; got != wikiSample {
		t.Errorf("written back as\n%s\nwant\n%s", got, wikiSample)
	}
	s.do("PUT", "/issue/"+id, m{"fields": m{"description": "plain"}}, 400)
	s.do("PUT", "/issue/"+id, m{"fields": m{"description": nil}}, 204)
	if got := string(read()); got != "null" {
		t.Errorf("an empty description reads %s", got)
	}
}

// No text may break the conversion or leave the format.
func TestAnyTextIsADocument(t *testing.T) {
	schema, err := contract.LoadSchemas(contract.SharedFile(t, "contracts", "adf", "adf.full.jsonschema.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, jirasim.Options{})
	id := s.create("x", nil)
	rapid.Check(t, func(rt *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{
			"*", "_", "{{", "}}", "[", "|", "]", "h1. ", "* ", "# ", "{code}", "{code:go}", "----", "\n", "\r\n", " ", "a", "ß", "x.png", "!",
		}), 0, 30).Draw(rt, "parts")
		s.api = "/rest/api/2"
		s.do("PUT", "/issue/"+id, m{"fields": m{"description": strings.Join(parts, "")}}, 204)
		s.api = "/rest/api/3"
		var i struct {
			Fields struct{ Description json.RawMessage }
		}
		s.do("GET", "/issue/"+id+"?fields=description", nil, 200).decode(t, &i)
		if string(i.Fields.Description) == "null" {
			return
		}
		if err := schema.Check("doc_node", i.Fields.Description); err != nil {
			rt.Fatalf("%v\n%s", err, i.Fields.Description)
		}
	})
}
