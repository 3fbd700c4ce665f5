package web

import (
	"bytes"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// markdown turns text that anybody may have typed, here or in a tracker, into
// harmless HTML: raw HTML is dropped by the first step and everything that is
// not on the short list by the second. Pictures are left out, because they
// would load from elsewhere.
type markdown struct {
	parser goldmark.Markdown
	policy *bluemonday.Policy
}

func newMarkdown() *markdown {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6",
		"table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	return &markdown{parser: goldmark.New(goldmark.WithExtensions(extension.GFM)), policy: p}
}

func (m *markdown) html(text string) string {
	var b bytes.Buffer
	if err := m.parser.Convert([]byte(text), &b); err != nil {
		return ""
	}
	return string(m.policy.SanitizeBytes(b.Bytes()))
}
