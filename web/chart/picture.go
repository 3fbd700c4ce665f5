package chart

import (
	_ "embed"
	"fmt"
	"html"
	"io"
	"strings"
)

//go:embed chart.css
var stylesheet string

// Stylesheet is the CSS that pictures need, once per page. It takes the colours
// of the page where the page defines them.
func Stylesheet() string { return stylesheet }

// Options say how a picture is worded and where its marks lead.
type Options struct {
	Texts Texts
	// Link gives the address of the list behind a mark, such as
	// Mark{Kind: "overdue", Priority: "P1", Bucket: "8-30"}; nil or "" = no link.
	Link func(Mark) string
	// ID distinguishes two pictures of one kind on one page; empty = the kind.
	ID string
}

// Mark names what a mark of a picture stands for.
type Mark struct {
	Kind     string // of the picture
	Measure  string
	Priority string
	Team     string
	Service  string
	Bucket   string
	State    string
	Check    string
}

func (o *Options) href(m Mark) string {
	if o.Link == nil {
		return ""
	}
	return o.Link(m)
}

// Picture is one statistic: what to say first, what to draw, and the table.
type Picture struct {
	// ID begins the ids of its elements; unique within a page.
	ID    string
	Title string
	// Lead is the number with its n and interval, in one line.
	Lead string
	// Notes are captions that must stand beside the picture, such as "association".
	Notes []string
	// Desc says in words what the picture shows.
	Desc  string
	Table Table

	width, height float64
	body          string // "" = nothing to draw: lead and table say it all
}

func (o *Options) picture(kind, title string) Picture {
	id := o.ID
	if id == "" {
		id = kind
	}
	return Picture{ID: "pic-" + id, Title: title}
}

func (p *Picture) draw(c *canvas) { p.body, p.width, p.height = c.b.String(), c.width, c.height }

// Drawn says whether there is a picture at all; without one, lead and table
// stand alone.
func (p Picture) Drawn() bool { return p.body != "" }

// WriteSVG writes the picture as an element of a page. It writes nothing when
// nothing is drawn.
func (p Picture) WriteSVG(w io.Writer) error {
	if !p.Drawn() {
		return nil
	}
	_, err := fmt.Fprintf(w, `<svg class="pic" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" role="img" aria-labelledby="%[3]s-title %[3]s-desc"><title id="%[3]s-title">%[4]s</title><desc id="%[3]s-desc">%[5]s</desc>%[6]s</svg>`,
		coordinate(p.width), coordinate(p.height), esc(p.ID), esc(p.Title), esc(p.describe()), p.body)
	return err
}

func (p Picture) describe() string {
	return strings.TrimSpace(p.Lead + " " + p.Desc)
}

// WriteHTML writes the whole figure: title, lead, picture, notes and table.
// texts name the fold that holds the table.
func (p Picture) WriteHTML(w io.Writer, texts Texts) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<figure class="pic-figure" id="%s"><figcaption><strong class="pic-title">%s</strong> <span class="pic-lead">%s</span></figcaption>`, esc(p.ID), esc(p.Title), esc(p.Lead))
	if p.Drawn() {
		b.WriteString(`<div class="pic-scroll" tabindex="0" role="group" aria-label="` + esc(p.Title) + `">`)
		_ = p.WriteSVG(&b) // a Builder takes everything
		b.WriteString(`</div>`)
	}
	for _, n := range p.Notes {
		b.WriteString(`<p class="pic-note">` + esc(n) + `</p>`)
	}
	if len(p.Table.Rows) > 0 {
		if p.Drawn() {
			b.WriteString(`<details class="pic-data"><summary>` + esc(texts.AsTable) + `</summary>`)
			_ = p.Table.WriteHTML(&b)
			b.WriteString(`</details>`)
		} else { // the table is all there is
			b.WriteString(`<div class="pic-data">`)
			_ = p.Table.WriteHTML(&b)
			b.WriteString(`</div>`)
		}
	}
	b.WriteString(`</figure>`)
	_, err := io.WriteString(w, b.String())
	return err
}

// headLine is the height of a line above the picture in a file of its own.
const headLine = 18

// WriteFile writes a file of its own: the same picture under its title, lead and
// notes, with the style sheet inside the file.
func (p Picture) WriteFile(w io.Writer) error {
	if !p.Drawn() && len(p.Table.Rows) > 0 {
		p.drawTable()
	}
	width := p.width
	if !p.Drawn() {
		width = defaultWidth
	}
	head := newCanvas(width, 0)
	y := 24.0
	head.text("pic-head", 16, y, p.Title)
	for _, line := range wrap(p.Lead, width-32, 12) {
		y += headLine
		head.text("", 16, y, line)
	}
	foot := newCanvas(width, 0)
	below := 0.0
	for _, n := range p.Notes {
		for _, line := range wrap(n, width-32, 12) {
			below += headLine
			foot.text("pic-muted", 16, y+16+p.height+below, line)
		}
	}
	_, err := fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"+`<svg class="pic" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]s %[2]s" width="%[1]s" height="%[2]s" role="img" aria-labelledby="%[3]s-title %[3]s-desc"><title id="%[3]s-title">%[4]s</title><desc id="%[3]s-desc">%[5]s</desc><style>%[6]s</style><rect class="pic-ground" width="100%%" height="100%%"/>%[7]s<g transform="translate(0 %[8]s)">%[9]s</g>%[10]s</svg>`+"\n",
		coordinate(width), coordinate(y+16+p.height+below+12), esc(p.ID), esc(p.Title), esc(p.describe()), stylesheet, head.b.String(), coordinate(y+16), p.body, foot.b.String())
	return err
}

// maxDrawnRows bounds the table that is drawn where there is no picture.
const maxDrawnRows = 60

// drawTable draws the table: what a file holds when it is all there is.
func (p *Picture) drawTable() {
	const row, size = 22, 12
	t := &p.Table
	widths := make([]float64, len(t.Head))
	total := 0.0
	rows := t.Rows[:min(len(t.Rows), maxDrawnRows)]
	for i := range t.Head {
		widths[i] = textWidth(t.Head[i].Name, size)
		for _, r := range rows {
			widths[i] = max(widths[i], textWidth(r.Cells[i], size))
		}
		widths[i] = min(widths[i], 300) + 18
		total += widths[i]
	}
	c := newCanvas(max(defaultWidth, total+32), float64(row*(len(rows)+1)+8))
	line := func(class string, y float64, cell func(i int) string) {
		x := 16.0
		for i, w := range widths {
			text := fit(cell(i), w-10, size)
			if t.Head[i].Number {
				c.text(strings.TrimSpace(class+" pic-end"), x+w-18, y, text)
			} else {
				c.text(class, x, y, text)
			}
			x += w
		}
		c.line("pic-grid", 16, y+7, 16+total, y+7)
	}
	line("pic-muted", row-7, func(i int) string { return t.Head[i].Name })
	for n, r := range rows {
		line("", float64(row*(n+2)-7), func(i int) string { return r.Cells[i] })
	}
	p.draw(c)
}

func esc(s string) string { return html.EscapeString(printable(s)) }

// printable leaves out what XML 1.0 cannot hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return ' '
		}
		if r < 0x20 || r == 0xFFFE || r == 0xFFFF || r == 0xFFFD {
			return -1
		}
		return r
	}, s)
}
