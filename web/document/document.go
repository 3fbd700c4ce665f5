// Package document writes a review as a document that stands alone: Markdown,
// or one HTML file with its style sheet and picture inside, in English or
// German. A browser prints the HTML as PDF; the style sheet has rules for paper.
package document

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/chart"
	"github.com/followthrough/followthrough/web/i18n"
)

// Input is what a document is made of.
type Input struct {
	Document domain.ReviewDocument
	// Version is the published version; 0 is the working copy.
	Version int
	At      time.Time
	Texts   *i18n.Texts
	// Charts are the words of the pictures.
	Charts chart.Texts
	Zone   *time.Location
	// Untitled leaves title and standing out, for a page that says both itself.
	Untitled bool
	// Person gives the name behind an id.
	Person func(domain.PersonID) string
}

// Title is the review's and its incident's.
func Title(in Input) string {
	return in.Texts.T("review.title", "Key", in.Document.Incident.Key) + ": " + in.Document.Incident.Title
}

// Markdown writes the document as Markdown. The picture stands inside, as an
// address at the end, so that the text before it can be read as it is.
func Markdown(in Input) string {
	picture := lanes(in)
	if picture.ID == "" {
		return markdown(in, "")
	}
	var b bytes.Buffer
	_ = picture.WriteFile(&b) // a Buffer takes everything
	image := "![" + plain(picture.Title+". "+picture.Lead) + "][lanes]"
	return markdown(in, image) + "\n[lanes]: data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(b.Bytes()) + "\n"
}

// markdown writes the text, with the picture at the head of step 2.
func markdown(in Input, picture string) string {
	w := &writer{Input: in}
	d := in.Document
	if !in.Untitled {
		w.line("# %s", plain(Title(in)))
		w.line("%s", w.standing())
	}
	if d.Review.Summary != "" {
		w.section("review.summary")
		w.text(domain.FillSummary(d.Review.Summary, d.Numbers))
	}
	w.step("review.step1", func() {
		w.facts()
		w.entries(domain.SectionTimeline, "review.timeline")
		w.entries(domain.SectionCause, "review.causes")
		w.entries(domain.SectionLesson, "review.lessons")
	})
	w.step("review.step2", func() {
		if picture != "" {
			w.line("%s", picture)
		}
		w.talk()
		w.text(d.Review.Communication)
	})
	w.step("review.step3", func() {
		w.entries(domain.SectionRole, "review.roles")
		w.text(d.Review.Teamwork)
	})
	w.step("review.step4", func() {
		w.entries(domain.SectionFinding, "")
		w.measures()
	})
	return strings.TrimRight(w.b.String(), "\n") + "\n"
}

type writer struct {
	Input
	b strings.Builder
}

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(&w.b, format+"\n\n", args...)
}

func (w *writer) section(id string) { w.line("## %s", w.Texts.T(id)) }

// step writes one of the steps; an empty one says so.
func (w *writer) step(id string, content func()) {
	w.section(id)
	before := w.b.Len()
	content()
	if w.b.Len() == before {
		w.line("%s", w.Texts.T("document.nothing"))
	}
}

func (w *writer) text(markdown string) {
	if markdown != "" {
		w.line("%s", lowered(markdown))
	}
}

// lowered moves the headings of a text below those of the document.
func lowered(markdown string) string {
	lines := strings.Split(markdown, "\n")
	for n, line := range lines {
		if strings.HasPrefix(line, "#") {
			lines[n] = "###" + strings.TrimLeft(line, "#")
		}
	}
	return strings.Join(lines, "\n")
}

// plain keeps a text that somebody typed from being taken for Markdown.
func plain(text string) string {
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "]", "\\]", "<", "\\<", "|", "\\|", "#", "\\#", "\n", " ").Replace(text)
}

func (w *writer) standing() string {
	parts := []string{w.Texts.T("review_state." + string(w.Document.Review.State))}
	if w.Version > 0 {
		parts = append(parts, w.Texts.T("document.version", "Number", w.Version))
	}
	if !w.At.IsZero() {
		parts = append(parts, w.clock(w.At))
	}
	if who := w.Document.Review.Moderator; who != "" {
		parts = append(parts, w.Texts.T("field.moderator")+": "+w.Person(who))
	}
	return "*" + plain(strings.Join(parts, " · ")) + "*"
}

// unknown stands for what nobody has said.
const unknown = "–"

func (w *writer) clock(t time.Time) string {
	if t.IsZero() {
		return unknown
	}
	t = t.In(w.Zone)
	return w.Texts.Day(t.Date()) + ", " + t.Format("15:04")
}

// until is the end of a span; on the day of its beginning the time is enough.
func (w *writer) until(from, to time.Time) string {
	if domain.DateOf(from.In(w.Zone)) == domain.DateOf(to.In(w.Zone)) {
		return to.In(w.Zone).Format("15:04")
	}
	return w.clock(to)
}

// ordinal is what Markdown takes for the number of a list: "26. März".
var ordinal = regexp.MustCompile(`^(\d+)([.)])`) //nolint:gochecknoglobals // compiled once

// item begins the point of a list with a text that is no list itself.
func (w *writer) item(text string) { w.b.WriteString("- " + ordinal.ReplaceAllString(text, `$1\$2`)) }

func (w *writer) facts() {
	i := w.Document.Incident
	rows := [][2]string{{"field.severity", string(i.Severity)}, {"field.started_at", w.clock(i.StartedAt)}, {"field.detected_at", w.clock(i.DetectedAt)},
		{"field.mitigated_at", w.clock(i.MitigatedAt)}, {"field.resolved_at", w.clock(i.ResolvedAt)}, {"field.services", strings.Join(i.Services, ", ")}}
	for _, row := range rows {
		if row[1] != "" && row[1] != unknown {
			fmt.Fprintf(&w.b, "- %s: %s\n", w.Texts.T(row[0]), plain(row[1]))
		}
	}
	w.b.WriteString("\n")
	w.line("%s", w.Texts.T("document.zone", "Zone", w.Zone.String()))
}

func (w *writer) entries(section domain.ReviewSection, title string) {
	entries := w.Document.Review.Section(section)
	if len(entries) == 0 {
		return
	}
	if title != "" {
		w.line("### %s", w.Texts.T(title))
	}
	common := commonSource(entries)
	for _, e := range entries {
		begin := ""
		if !e.At.IsZero() {
			begin = w.clock(e.At)
			if !e.Until.IsZero() {
				begin += " – " + w.until(e.At, e.Until)
			}
			begin += " · "
		}
		w.item(begin + "**" + w.Texts.T("entry."+string(e.Kind)) + "**")
		person, deputy := e.People(w.Person)
		if person != "" {
			w.b.WriteString(" " + plain(person))
		}
		if deputy != "" {
			fmt.Fprintf(&w.b, " (%s: %s)", w.Texts.T("field.deputy"), plain(deputy))
		}
		if e.Text != "" {
			w.b.WriteString(" " + plain(w.entryText(e)))
		}
		for _, key := range e.Measures {
			w.b.WriteString(" → " + string(key))
		}
		switch {
		case e.Link != "":
			fmt.Fprintf(&w.b, " (<%s>)", e.Link)
		case e.Source != common:
			fmt.Fprintf(&w.b, " (%s)", plain(e.Source))
		}
		w.b.WriteString("\n")
	}
	w.b.WriteString("\n")
	if common != "" {
		w.line("%s: %s", w.Texts.T("field.source"), plain(common))
	}
}

// commonSource is what several entries are all from; it is said once.
func commonSource(entries []domain.ReviewEntry) string {
	for _, e := range entries[1:] {
		if e.Source != entries[0].Source {
			return ""
		}
	}
	if len(entries) == 1 {
		return ""
	}
	return entries[0].Source
}

// entryText is the text of an entry; the four that come from the times of the
// incident are translated.
func (w *writer) entryText(e domain.ReviewEntry) string {
	if slices.Contains([]string{"started", "detected", "mitigated", "resolved"}, e.Text) {
		return w.Texts.T("field." + e.Text + "_at")
	}
	return e.Text
}

func (w *writer) talk() {
	t := w.Document.Talk
	if t.Messages == 0 {
		return
	}
	var channels []string
	for _, lane := range t.Lanes {
		channels = append(channels, fmt.Sprintf("%s (%d)", lane.Channel, lane.Messages))
	}
	w.line("%s", plain(w.Texts.N("talk.messages", t.Messages)+": "+strings.Join(channels, ", ")))
	if t.Outside > 0 {
		w.line("%s", w.Texts.N("talk.outside", t.Outside))
	}
	if len(t.Gaps) > 0 {
		w.line("%s", w.Texts.N("talk.gaps", len(t.Gaps), "Limit", domain.SpanText(t.Limit)))
		for _, g := range t.Gaps {
			w.item(w.Texts.T("talk.gap", "From", w.clock(g.From), "To", w.until(g.From, g.To), "Length", domain.SpanText(g.To.Sub(g.From))))
			w.b.WriteString(" (" + plain(audience(w.Texts, g.Audience)) + ")\n")
		}
		w.b.WriteString("\n")
	}
	if len(t.Never) > 0 {
		var names []string
		for _, name := range t.Never {
			names = append(names, audience(w.Texts, name))
		}
		w.line("%s %s", w.Texts.T("talk.never"), plain(strings.Join(names, ", ")))
	}
	for _, m := range t.Diverging {
		w.line("> %s, %s: %s\n>\n> **%s**", plain(m.Channel), w.clock(m.At), plain(m.Statement), plain(m.Diverges))
	}
}

func audience(t *i18n.Texts, name string) string {
	if name == "" {
		return t.T("audience.everybody")
	}
	if slices.Contains([]string{"team", "support", "management", "customers"}, name) {
		return t.T("audience." + name)
	}
	return name
}

func (w *writer) measures() {
	if len(w.Document.Measures) == 0 {
		return
	}
	t := w.Texts
	w.line("### %s", t.T("field.measures"))
	fmt.Fprintf(&w.b, "| %s | %s | %s | %s | %s |\n|---|---|---|---|---|\n", t.T("field.key"), t.T("field.title"), t.T("field.owner"), t.T("field.due_on"), t.T("field.status"))
	for _, m := range w.Document.Measures {
		owner := m.ExternalOwner
		if m.Owner != "" {
			owner = w.Person(m.Owner)
		}
		due := unknown
		if d := m.DueOn; !d.IsZero() {
			due = strings.ReplaceAll(t.Day(d.Year, d.Month, d.Day), " ", "\u00a0") // a date stays on one line
		}
		fmt.Fprintf(&w.b, "| %s | %s | %s | %s | %s |\n", m.Key, plain(m.Title), plain(owner), due, t.T("status."+string(m.Status)))
	}
	w.b.WriteString("\n")
}

// Body is the document as harmless HTML, with the lanes where something was said.
func Body(in Input) string {
	var b bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert([]byte(markdown(in, "")), &b); err != nil {
		return ""
	}
	policy := bluemonday.NewPolicy()
	policy.AllowElements("p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6",
		"table", "thead", "tbody", "tr", "th", "td")
	policy.AllowAttrs("href").OnElements("a")
	policy.AllowURLSchemes("http", "https", "mailto")
	policy.RequireParseableURLs(true)
	policy.RequireNoFollowOnLinks(true)
	body := policy.Sanitize(b.String())
	label := html.EscapeString(in.Texts.T("field.measures"))
	body = strings.NewReplacer("<table>", `<div class="scroll" tabindex="0" role="group" aria-label="`+label+`"><table>`, "</table>", "</table></div>").Replace(body)
	p := lanes(in)
	if p.ID == "" {
		return body
	}
	var figure strings.Builder
	_ = p.WriteHTML(&figure, in.Charts) // a Builder takes everything
	picture := figure.String()
	title := html.EscapeString(in.Texts.T("review.step2"))
	before, after, found := strings.Cut(body, ">"+title+"</h2>")
	if !found {
		return body + picture
	}
	return before + ">" + title + "</h2>" + picture + after
}

// lanes draws when something was said, from the document alone: the picture of a
// version stays as it was published, and says to nobody who said what.
func lanes(in Input) chart.Picture {
	talk := in.Document.Talk
	said := talk.Outline()
	if len(said) == 0 {
		return chart.Picture{}
	}
	return chart.Lanes(talk, said, in.Document.Review.Section(domain.SectionTimeline), in.Zone, chart.Options{Texts: in.Charts})
}

// style is for reading and for paper. A file that stands alone has its style
// sheet inside; the policy of our pages never sees it.
const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#16202a;background:#fff}
h1,h2,h3{line-height:1.25;break-after:avoid}h2{border-top:1px solid #d5dade;padding-top:1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;overflow-wrap:break-word}th,td{text-align:left;padding:.3rem .5rem;border-bottom:1px solid #d5dade;vertical-align:top}
blockquote{margin:1rem 0;padding-left:1rem;border-left:3px solid #a8330b}li,tr,figure{break-inside:avoid}
@page{size:A4;margin:18mm;@bottom-right{content:counter(page) " / " counter(pages);font:9pt system-ui,sans-serif;color:#52606d}}@media print{body{margin:0;max-width:none;font-size:11pt}.pic-data{display:none}a{color:inherit}}
`

// HTML writes the document as one file without scripts.
func HTML(in Input) string {
	title := html.EscapeString(Title(in))
	return `<!DOCTYPE html><html lang="` + in.Texts.Lang + `"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">` +
		`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>` + title + "</title><style>" + chart.Stylesheet() + style +
		"</style></head><body><main>" + Body(in) + "</main></body></html>\n"
}
