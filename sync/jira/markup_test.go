package jira

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
)

func TestMarkupTranslates(t *testing.T) {
	for name, tc := range map[string]struct{ markdown, wiki string }{
		"paragraph":       {"Alert on the lag, within 5 minutes.", "Alert on the lag, within 5 minutes."},
		"two paragraphs":  {"One\nline\n\nTwo", "One\nline\n\nTwo"},
		"headings":        {"# A\n\n#### B", "h1. A\n\nh4. B"},
		"bold and italic": {"a **b** *c* ***d***", "a *b* _c_ *_d_*"},
		"inside a word":   {"a**b**c", "a{*}b{*}c"},
		"code":            {"run `make_all --x` now", "run {{make_all --x}} now"},
		"fenced":          {"```go\nfunc main() { *p* }\n```", "{code:go}\nfunc main() { *p* }\n{code}"},
		"bullets":         {"- a\n- b\n  - c\n    - d", "* a\n* b\n** c\n*** d"},
		"numbers":         {"1. a\n2. b\n   - c", "# a\n# b\n#* c"},
		"hard wrapped":    {"- a\n  b", "* a\nb"},
		"link":            {"see [the page](https://x.example/a_b?c=d) now", "see [the page|https://x.example/a_b?c=d] now"},
		"bare link":       {"see https://x.example/a_b.", "see https://x.example/a_b."},
		"quote":           {"> a\n> b\n>\n> c", "{quote}\na\nb\n\nc\n{quote}"},
		"rule":            {"a\n\n---\n\nb", "a\n\n----\n\nb"},
		"snake case":      {"the snake_case_name and 2 * 3 * 4", "the snake_case_name and 2 * 3 * 4"},
		"brackets":        {"[ ] todo {x}", `\[ \] todo \{x\}`},
		"literal stars":   {`\*not bold\*`, `\*not bold\*`},
		"dashes":          {"use -x- or 2026-03-31", `use \-x\- or 2026\-03\-31`},
		"line start":      {`\- no list`, `\- no list`},
		"number start":    {`1\. no list`, `1. no list`},
		"table row":       {"a | b", "a | b"},
	} {
		t.Run(name, func(t *testing.T) {
			got := writeText(tc.markdown)
			if got.State != domain.FieldFine {
				t.Fatalf("not carried: %s", got.Problem)
			}
			if diff := cmp.Diff(tc.wiki, got.Raw); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.markdown, readText(tc.wiki).Value); diff != "" {
				t.Errorf("read back: %s", diff)
			}
		})
	}
}

func TestMarkupReadsOtherSpellings(t *testing.T) {
	for name, tc := range map[string]struct{ wiki, markdown string }{
		"dash bullets":     {"- a\n- b", "- a\n- b"},
		"smart link":       {"[https://x.example|https://x.example|smart-link]", "https://x.example"},
		"forced break":     {`a\\b`, "a\nb"},
		"one line quote":   {"bq. a", "> a"},
		"noformat":         {"{noformat}\nx\n{noformat}\nend", "```\nx\n```\n\nend"},
		"code on one line": {"{code}x{code}", "```\nx\n```"},
		"windows path":     {`C:\temp`, `C:\temp`},
	} {
		t.Run(name, func(t *testing.T) {
			got := readText(tc.wiki)
			if got.State != domain.FieldFine || got.Value != tc.markdown {
				t.Errorf("got %q (%s %s), want %q", got.Value, got.State, got.Problem, tc.markdown)
			}
		})
	}
}

func TestT84_markup_that_would_be_lost_is_opaque(t *testing.T) {
	for name, wiki := range map[string]string{
		"table": "||a||b||\n|c|d|", "image": "see !shot.png|thumbnail!", "mention": "ask [~ana]", "cloud mention": "ask [~accountid:5b1]",
		"panel": "{panel}x{panel}", "color": "{color:red}x{color}", "strike": "a -b- c", "insert": "a +b+ c", "sub": "a ~b~", "cite": "??a??",
		"attachment": "[^log.txt]", "title on code": "{code:title=x.go}\na\n{code}", "h5": "h5. small", "four levels": "* a\n** b\n*** c\n**** d",
		"open code": "{code}\nx", "anchor": "{anchor:x}text", "list in quote": "{quote}\n* a\n{quote}",
	} {
		t.Run(name, func(t *testing.T) {
			got := readText(wiki)
			if got.State != domain.FieldOpaque || got.Value != wiki || got.Problem == "" {
				t.Errorf("got %q %q %q, want the text itself, opaque", got.State, got.Value, got.Problem)
			}
		})
	}
}

func TestMarkdownBeyondTheSubsetTravelsAsSource(t *testing.T) {
	for name, markdown := range map[string]string{
		"table": "| a | b |\n| - | - |\n| c | d |", "image": "![x](https://x.example/y.png)", "html": "a<br>b", "strike": "~~a~~",
		"deep list": "- a\n  - b\n    - c\n      - d", "code in list": "- a\n\n  ```\n  x\n  ```", "entity": "&nbsp;", "setext": "a\n===",
		"reference": "[a][b]", "carrier itself": "```markdown\nx\n```", "number 5": "5. x", "formatted link": "[**a**](https://x.example)",
	} {
		t.Run(name, func(t *testing.T) {
			got := writeText(markdown)
			if got.State != domain.FieldDegraded {
				t.Fatalf("got state %q, raw %q", got.State, got.Raw)
			}
			if back := readText(got.Raw); back.Value != markdown {
				t.Errorf("got back %q, want %q", back.Value, markdown)
			}
		})
	}
}

// markdownText draws texts rich in everything that has a meaning in either markup.
func markdownTextGen() *rapid.Generator[string] {
	word := rapid.SampledFrom([]string{"a", "word", "**", "*", "_", "__", "`", "x_y", "[", "]", "(https://x.example)", "https://x.example/a", "{", "}", "{{", "}}", "{code}", "-", "--", "#", "h1.", "bq.", "1.", ">", "|", "!", "\\", "~", "+", "?", "é", "&amp;", "<b>", "```", "***", "=", ":", "@ana", "."})
	lineGen := rapid.Custom(func(t *rapid.T) string {
		lead := rapid.SampledFrom([]string{"", "", "", "- ", "  - ", "1. ", "   * ", "> ", "## ", "    "}).Draw(t, "lead")
		return lead + strings.Join(rapid.SliceOfN(word, 0, 6).Draw(t, "words"), rapid.SampledFrom([]string{"", " "}).Draw(t, "join"))
	})
	return rapid.Custom(func(t *rapid.T) string {
		return domain.NormalText(strings.Join(rapid.SliceOfN(lineGen, 0, 6).Draw(t, "lines"), "\n"))
	})
}

func TestMarkdownRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		markdown := markdownTextGen().Draw(t, "markdown")
		put := writeText(markdown)
		if put.State == domain.FieldFailed {
			return
		}
		back := readText(put.Raw)
		if back.State == domain.FieldOpaque || !sameMarkdown(back.Value, markdown) {
			t.Fatalf("%q became %q and came back as %q (%s)", markdown, put.Raw, back.Value, back.State)
		}
		if put.State == domain.FieldDegraded && back.Value != markdown {
			t.Fatalf("the source %q came back as %q", markdown, back.Value)
		}
	})
}

func TestWikiRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wiki := markdownTextGen().Draw(t, "wiki")
		get := readText(wiki)
		if get.State != domain.FieldFine {
			return
		}
		again := writeText(get.Value)
		if again.State != domain.FieldFine {
			t.Fatalf("%q was read as %q, which cannot be written: %s", wiki, get.Value, again.Problem)
		}
		if back := readText(again.Raw); back.Value != get.Value {
			t.Fatalf("%q was read as %q, written as %q and read as %q", wiki, get.Value, again.Raw, back.Value)
		}
	})
}

func FuzzMarkup(f *testing.F) {
	for _, seed := range []string{"", "a **b**", "* a\n** b", "{code}\nx\n{code}", "[a|https://x.example]", "\\", "- a\n  - b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = domain.NormalText(text)
		if put := writeText(text); put.State != domain.FieldFailed {
			if back := readText(put.Raw); !sameMarkdown(back.Value, text) {
				t.Errorf("%q came back as %q", text, back.Value)
			}
		}
		readText(text)
	})
}
