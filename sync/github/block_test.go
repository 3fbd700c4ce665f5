package github

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
)

// pieces are what texts in trackers are made of, and what could break a block.
func pieces() []string {
	return []string{"word", " ", "  ", "\t", "\n", "\n\n", "\r\n", "@ana", "@", "#12", "#", "GH-7", "acme/platform#3", "`", "``", "```", "~~~", "\n```\n", "\n~~~go\n",
		"`@ben`", "https://x.example/@ana#1", "://", "&", "&amp;", "&#35;", "&lt;", "<", ">", "<br>", "<!-- -->", "<!--", "-->", "<!-- m:begin v1 id=A n=B -->", "<!-- \\m:end -->",
		"\n<!-- m:begin v1 id=A n=B -->\n", "\n<!-- m:end -->\n", "<!-- m:cut -->", "\n- **Due:** 2026-01-01\n", "\n- **Success metric:** —\n", "---", "\n---\n", "—", "- ", "Fixes #9", "ü", "🙂", "\u00a0", "\\", "\"", "(", ")", "0", "a@b.example", "\v", "*", "_"}
}

func anyText(most int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(pieces()), rapid.String()), 0, most).Draw(t, "pieces"), "")
	})
}

// TestEncodeIsExactlyReversible: A8 forbids texts that grow or shrink.
func TestEncodeIsExactlyReversible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := anyText(12).Draw(t, "text")
		if got := decode(encode(x)); got != x {
			t.Fatalf("text %q\n out %q\nback %q", x, encode(x), got)
		}
	})
}

func TestT95NothingIsCalledOrLinked(t *testing.T) {
	for in, want := range map[string]string{
		"ask @ana":                       "ask @<!-- -->ana",
		"Fixes #12":                      "Fixes #<!-- -->12",
		"closes acme/platform#3, GH-4":   "closes acme/platform#<!-- -->3, GH-<!-- -->4",
		"mail a@b.example":               "mail a@b.example",
		"see https://x.example/@ana#1":   "see https://x.example/@ana#1",
		"`@Override` and @ben":           "`@Override` and @<!-- -->ben",
		"```\n@Test #1\n```\n@ana":       "```\n@Test #1\n```\n@<!-- -->ana",
		"&#35; stays":                    "&#35; stays",
		"@<!-- -->ana":                   "@<!-- --><!-- -->ana",
		"<!-- m:begin v1 id=A n=B -->":   `<!-- \m:begin v1 id=A n=B -->`,
		"# 1 heading, @ alone, nothing#": "# 1 heading, @ alone, nothing#",
	} {
		if got := encode(in); got != want {
			t.Errorf("encode %q = %q, want %q", in, got, want)
		}
	}
}

func TestEscapeIsExactlyReversible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := strings.Trim(anyText(8).Draw(t, "value"), " \t")
		x = strings.ReplaceAll(strings.ReplaceAll(x, "\r\n", "\n"), "\r", "\n")
		raw := escape(x)
		if strings.ContainsAny(raw, "\n\r") || strings.Contains(raw, "m:begin") && beginLine.MatchString(raw) {
			t.Fatalf("value %q breaks out of its line: %q", x, raw)
		}
		if got := unescape(raw); got != x {
			t.Fatalf("value %q, line %q, back %q", x, raw, got)
		}
	})
}

// render makes a text with a block, as a new issue has it.
func render(text, id, nonce, due, metric string) string {
	d := document{before: encode(normal(text))}
	d.adopt(id, nonce)
	d.set(lineDue, due)
	d.set(lineMetric, metric)
	return d.String()
}

func checkRendered(t interface{ Fatalf(string, ...any) }, text, due, metric string) {
	text = normal(text)
	line := func(s string) string {
		return strings.Trim(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"), " \t")
	}
	for _, body := range []string{render(text, "01JA", "nonce", due, metric), strings.ReplaceAll(render(text, "01JA", "nonce", due, metric), "\n", "\r\n")} {
		d := parse(body, "")
		if d.block == nil || d.block.id != "01JA" || d.block.nonce != "nonce" {
			t.Fatalf("the block is lost in %q", body)
		}
		if got := normal(decode(d.text())); got != text {
			t.Fatalf("text %q came back as %q", text, got)
		}
		gotDue, _ := d.line(lineDue)
		gotMetric, _ := d.line(lineMetric)
		if gotDue != line(due) || gotMetric != line(metric) {
			t.Fatalf("lines %q %q came back as %q %q", due, metric, gotDue, gotMetric)
		}
		if d.String() != body {
			t.Fatalf("the text was changed by reading it")
		}
	}
}

func TestParseRender(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkRendered(t, anyText(12).Draw(t, "text"), anyText(3).Draw(t, "due"), anyText(6).Draw(t, "metric"))
	})
}

func FuzzParseRender(f *testing.F) {
	f.Add("text\n<!-- m:begin v1 id=A n=B -->\n---\n<!-- m:end -->", "2026-03-31", "a <b> & c\nd")
	f.Add("@ana `@x` https://x/#1", "—", "")
	f.Fuzz(func(t *testing.T, text, due, metric string) { checkRendered(t, text, due, metric) })
}

// FuzzParse: whatever stands in an issue is read without harm and kept.
func FuzzParse(f *testing.F) {
	f.Add("a\r\n<!-- m:begin v1 id=A n=B -->\r\n- **Due:** x\r\n")
	f.Fuzz(func(t *testing.T, body string) {
		d := parse(body, "A")
		if d.String() != body {
			t.Fatalf("reading changed %q", body)
		}
		d.adopt("A", "")
		d.set(lineDue, "2026-01-01")
		if again := parse(d.String(), "A"); again.block == nil {
			t.Fatalf("the block is lost in %q", d.String())
		} else if v, _ := again.line(lineDue); v != "2026-01-01" {
			t.Fatalf("the line is lost in %q: %q", d.String(), v)
		}
	})
}

const own = "<!-- m:begin v1 id=OWN n=1 -->\n---\n- **Due:** 2026-03-31\n- **Success metric:** pages\n<!-- m:end -->"

func TestBlockRules(t *testing.T) {
	foreign := strings.ReplaceAll(own, "OWN", "FOREIGN")
	foreign = strings.ReplaceAll(foreign, "2026-03-31", "1999-01-01")
	for name, test := range map[string]struct {
		body, id      string
		wantID, text  string
		due           string
		dueThere      bool
		problem       bool
		unknownMetric bool
	}{
		"A1 CRLF and blanks":              {body: strings.ReplaceAll("text  \n\n"+own+"  ", "\n", "\r\n"), wantID: "OWN", text: "text", due: "2026-03-31", dueThere: true},
		"A2 text after the block":         {body: "one\n\n" + own + "\ntwo", wantID: "OWN", text: "one\n\ntwo", due: "2026-03-31", dueThere: true},
		"A3 typed over":                   {body: strings.Replace(own, "2026-03-31", "2026-04-01", 1), wantID: "OWN", due: "2026-04-01", dueThere: true},
		"A3 typed wrong":                  {body: strings.Replace(own, "2026-03-31", "tomorrow", 1), wantID: "OWN", dueThere: true, problem: true},
		"A4 missing line is unknown":      {body: strings.Replace(own, "- **Due:** 2026-03-31\n", "", 1), wantID: "OWN"},
		"A4 missing block is unknown":     {body: "only text", text: "only text", unknownMetric: true},
		"A4 dash clears":                  {body: strings.Replace(own, "2026-03-31", "—", 1), wantID: "OWN", dueThere: true},
		"A4 nothing clears":               {body: strings.Replace(own, " 2026-03-31", "", 1), wantID: "OWN", dueThere: true},
		"A5 ours by id":                   {body: foreign + "\n" + own + "\n", id: "OWN", wantID: "OWN", text: foreign, due: "2026-03-31", dueThere: true},
		"A5 ours by id, quoted below":     {body: own + "\n\n" + foreign, id: "OWN", wantID: "OWN", text: foreign, due: "2026-03-31", dueThere: true},
		"A5 quoted above":                 {body: foreign + "\n\n" + own, wantID: "OWN", text: foreign, due: "2026-03-31", dueThere: true},
		"A5 twice the same":               {body: own + "\n\n" + strings.Replace(own, "2026-03-31", "2027-01-01", 1), wantID: "OWN", text: strings.Replace(own, "2026-03-31", "2027-01-01", 1), due: "2026-03-31", dueThere: true},
		"A5 nested":                       {body: "<!-- m:begin v1 id=OUTER n=2 -->\n" + own, wantID: "OWN", text: "<!-- m:begin v1 id=OUTER n=2 -->", due: "2026-03-31", dueThere: true},
		"A5 end marker deleted":           {body: "text\n\n" + strings.Replace(own, "\n<!-- m:end -->", "", 1) + "\nmore", wantID: "OWN", text: "text\n\nmore", due: "2026-03-31", dueThere: true},
		"T62 a copy keeps its foreign id": {body: foreign, id: "OWN", wantID: "FOREIGN", due: "1999-01-01", dueThere: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := parse(test.body, test.id)
			id := ""
			if d.block != nil {
				id = d.block.id
			}
			if id != test.wantID {
				t.Fatalf("id %q, want %q", id, test.wantID)
			}
			if diff := cmp.Diff(test.text, d.text()); diff != "" {
				t.Errorf("text:\n%s", diff)
			}
			value, there := d.line(lineDue)
			got := getLine(domain.FieldDueOn, value)
			if there != test.dueThere || got.Value != test.due || (got.State == domain.FieldFailed) != test.problem {
				t.Errorf("due %+v (there: %v), want %q", got, there, test.due)
			}
			if _, there := d.line(lineMetric); there == test.unknownMetric {
				t.Errorf("metric there: %v", there)
			}
		})
	}
}

// TestSettingOneLineLeavesTheRest: what people typed beside our lines stays.
func TestSettingOneLineLeavesTheRest(t *testing.T) {
	body := "Text.  \r\n\r\n" + strings.ReplaceAll(strings.Replace(own, "---\n", "---\nA note inside.\n", 1), "\n", "\r\n") + "\r\nafter"
	d := parse(body, "OWN")
	d.adopt("OWN", "")
	d.set(lineDue, "2027-02-02")
	if got, want := d.String(), strings.Replace(body, "2026-03-31", "2027-02-02", 1); got != want {
		t.Errorf("diff:\n%s", cmp.Diff(want, got))
	}
}
