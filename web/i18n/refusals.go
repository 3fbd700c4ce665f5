package i18n

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// refusals translates what the rules say when they refuse an input. The rules
// speak English; their sentences are format strings, which are recognised here
// by their fixed parts. A sentence without translation stays as it is.
type refusals struct {
	rules []refusal
}

type refusal struct {
	pattern *regexp.Regexp
	format  string // with $1, $2, … for the values
}

// verbs are the placeholders of a format string.
var verbs = regexp.MustCompile(`%[+#]?[a-zA-Z]`)

func newRefusals(lang string) (*refusals, error) {
	if lang == "en" {
		return &refusals{}, nil
	}
	raw, err := refusalFiles.ReadFile("refusals." + lang + ".json")
	if err != nil {
		return nil, fmt.Errorf("refusals in %s: %w", lang, err)
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, fmt.Errorf("refusals in %s: %w", lang, err)
	}
	r := &refusals{}
	formats := make([]string, 0, len(texts))
	for format := range texts {
		formats = append(formats, format)
	}
	// Long fixed texts are tried first, so that a short one cannot swallow them.
	slices.SortFunc(formats, func(a, b string) int {
		if d := len(verbs.ReplaceAllString(b, "")) - len(verbs.ReplaceAllString(a, "")); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, format := range formats {
		pattern := regexp.QuoteMeta(format)
		pattern = verbs.ReplaceAllString(pattern, `(.*?)`)
		compiled, err := regexp.Compile(`(?s)^` + pattern + `$`)
		if err != nil {
			return nil, fmt.Errorf("refusals in %s: %q: %w", lang, format, err)
		}
		r.rules = append(r.rules, refusal{compiled, texts[format]})
	}
	return r, nil
}

// Refusal returns a sentence of the rules in the language of t.
func (t *Texts) Refusal(sentence string) string {
	for _, rule := range t.refusals.rules {
		if match := rule.pattern.FindStringSubmatchIndex(sentence); match != nil {
			return string(rule.pattern.ExpandString(nil, rule.format, sentence, match))
		}
	}
	return sentence
}
