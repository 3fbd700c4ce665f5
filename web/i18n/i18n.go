// Package i18n holds every text of the pages, in English and German. A text is
// asked for by its id; a test fails on any id that is missing in a language or
// used nowhere.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed en.json de.json
var files embed.FS

// Languages lists the languages of the pages; the first is the fallback.
func Languages() []string { return []string{"en", "de"} }

// Bundle holds the texts of all languages.
type Bundle struct {
	bundle  *i18n.Bundle
	matcher language.Matcher
	texts   map[string]*Texts
}

// New reads the embedded texts.
func New() (*Bundle, error) {
	b := &Bundle{bundle: i18n.NewBundle(language.English), texts: map[string]*Texts{}}
	b.bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	var tags []language.Tag
	for _, lang := range Languages() {
		if _, err := b.bundle.LoadMessageFileFS(files, lang+".json"); err != nil {
			return nil, fmt.Errorf("texts in %s: %w", lang, err)
		}
		refusals, err := newRefusals(lang)
		if err != nil {
			return nil, err
		}
		clauses, err := newClauses(lang)
		if err != nil {
			return nil, err
		}
		b.texts[lang] = &Texts{Lang: lang, localizer: i18n.NewLocalizer(b.bundle, lang), refusals: refusals, clauses: clauses}
		tags = append(tags, language.MustParse(lang))
	}
	b.matcher = language.NewMatcher(tags)
	return b, nil
}

// Texts returns the texts in a language; an unknown one gives English.
func (b *Bundle) Texts(lang string) *Texts {
	if t, ok := b.texts[lang]; ok {
		return t
	}
	return b.texts["en"]
}

// Match picks the language for an Accept-Language header; preferred is what
// the organisation speaks and wins when the header names no language of ours.
func (b *Bundle) Match(accept, preferred string) string {
	wanted, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(wanted) == 0 {
		return b.Texts(preferred).Lang
	}
	_, n, confidence := b.matcher.Match(wanted...)
	if confidence == language.No {
		return b.Texts(preferred).Lang
	}
	return Languages()[n]
}

// Texts gives texts in one language.
type Texts struct {
	Lang      string
	localizer *i18n.Localizer
	refusals  *refusals
	clauses   map[string]string
}

// Day writes a date.
func (t *Texts) Day(year int, month time.Month, day int) string {
	return t.T("format.date", "Day", day, "Month", t.T("month."+strconv.Itoa(int(month))), "Year", year)
}

// T returns a text. Pairs are names and values for the placeholders.
func (t *Texts) T(id string, pairs ...any) string {
	return t.find(&i18n.LocalizeConfig{MessageID: id, TemplateData: data(pairs)})
}

// N returns a text in the form that goes with the number n, which the text
// calls {{.Count}}.
func (t *Texts) N(id string, n int, pairs ...any) string {
	return t.find(&i18n.LocalizeConfig{MessageID: id, PluralCount: n, TemplateData: data(append(pairs, "Count", n))})
}

func (t *Texts) find(config *i18n.LocalizeConfig) string {
	text, err := t.localizer.Localize(config)
	if err != nil {
		return config.MessageID
	}
	return text
}

func data(pairs []any) map[string]any {
	if len(pairs) == 0 {
		return nil
	}
	values := make(map[string]any, len(pairs)/2)
	for n := 0; n+1 < len(pairs); n += 2 {
		if name, ok := pairs[n].(string); ok {
			values[name] = pairs[n+1]
		}
	}
	return values
}
