package jira

import (
	"fmt"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// carrier marks a description that is Markdown source as a whole: text whose
// constructs Jira's markup cannot carry travels in it without loss.
const carrierOpen, carrierClose = "{code:markdown}\n", "\n{code}"

// readText translates wiki markup to Markdown. Markup outside the common
// subset is opaque: it is shown as it is and never overwritten.
func readText(wiki string) domain.RemoteValue {
	v := domain.RemoteValue{Raw: wiki}
	if inner, ok := carried(wiki); ok {
		v.Value = inner
		v.State, v.Problem = domain.FieldDegraded, "the text is kept in Jira as Markdown source, because Jira's markup cannot carry all of it"
		return v
	}
	d, err := parseWiki(wiki)
	if err == nil {
		v.Value = renderMarkdown(d)
		if spelled(d, v.Value) {
			return v
		}
	}
	v.Value, v.State = wiki, domain.FieldOpaque
	v.Problem = "the text in Jira has markup that would be lost; it is shown as it is and not overwritten"
	if err != nil {
		v.Problem = fmt.Sprintf("the text in Jira has %s; it is shown as it is and not overwritten", strings.TrimSuffix(err.Error(), ": "+errBeyond.Error()))
	}
	return v
}

// spelled reports whether a document survives both ways: into Markdown and
// back into wiki markup.
func spelled(d document, markdown string) bool {
	back, err := parseMarkdown(markdown)
	if err != nil || !back.equal(d) {
		return false
	}
	again, err := parseWiki(renderWiki(d))
	return err == nil && again.equal(d)
}

func carried(wiki string) (string, bool) {
	inner, ok := strings.CutPrefix(wiki, carrierOpen)
	if !ok {
		return "", false
	}
	inner, ok = strings.CutSuffix(inner, carrierClose)
	return inner, ok && !strings.Contains(inner, "{code") && inner != ""
}

// writeText translates Markdown to wiki markup.
func writeText(markdown string) domain.RemoteValue {
	v := domain.RemoteValue{Value: markdown}
	d, err := parseMarkdown(markdown)
	if err == nil {
		wiki := renderWiki(d)
		if read := readText(wiki); read.State == domain.FieldFine && sameMarkdown(read.Value, markdown) {
			return read
		}
	}
	reason := "constructs that Jira's markup cannot carry"
	if err != nil {
		reason = strings.TrimSuffix(err.Error(), ": "+errBeyond.Error())
	}
	if strings.Contains(markdown, "{code") {
		v.State, v.Problem = domain.FieldFailed, fmt.Sprintf("the description has %s and the word {code; Jira cannot carry it, simplify the text", reason)
		return v
	}
	v.Raw = carrierOpen + markdown + carrierClose
	v.State, v.Problem = domain.FieldDegraded, fmt.Sprintf("the description has %s; Jira shows it as Markdown source", reason)
	return v
}

// sameMarkdown reports whether two texts say the same in the common subset.
func sameMarkdown(a, b string) bool {
	if a == b {
		return true
	}
	x, err := parseMarkdown(a)
	if err != nil {
		return false
	}
	y, err := parseMarkdown(b)
	return err == nil && x.equal(y)
}
