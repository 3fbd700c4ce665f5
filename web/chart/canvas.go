package chart

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// defaultWidth is the width of every picture in its own units; pages scale it.
const defaultWidth = 720

// canvas collects the elements of a picture. Classes and geometry only.
type canvas struct {
	b             strings.Builder
	width, height float64
}

func newCanvas(width, height float64) *canvas { return &canvas{width: width, height: height} }

// coordinate prints a length with at most two decimals.
func coordinate(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	s := strconv.FormatFloat(v, 'f', 2, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" || s == "" {
		return "0"
	}
	return s
}

func class(name string) string {
	if name == "" {
		return ""
	}
	return ` class="` + name + `"`
}

// text writes a line of text. Its class says where it is anchored: pic-end,
// pic-middle, or the start without one.
func (c *canvas) text(name string, x, y float64, s string) {
	fmt.Fprintf(&c.b, `<text%s x="%s" y="%s">%s</text>`, class(name), coordinate(x), coordinate(y), esc(s))
}

func (c *canvas) line(name string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&c.b, `<line%s x1="%s" y1="%s" x2="%s" y2="%s"/>`, class(name), coordinate(x1), coordinate(y1), coordinate(x2), coordinate(y2))
}

func (c *canvas) rect(name string, x, y, w, h float64) {
	fmt.Fprintf(&c.b, `<rect%s x="%s" y="%s" width="%s" height="%s"/>`, class(name), coordinate(x), coordinate(y), coordinate(max(0, w)), coordinate(max(0, h)))
}

func (c *canvas) circle(name string, x, y, r float64) {
	fmt.Fprintf(&c.b, `<circle%s cx="%s" cy="%s" r="%s"/>`, class(name), coordinate(x), coordinate(y), coordinate(r))
}

func (c *canvas) path(name, d string) { fmt.Fprintf(&c.b, `<path%s d="%s"/>`, class(name), d) }

// mark opens a group with a tooltip and, given an address, a link.
func (c *canvas) mark(href, tip string) (end func()) {
	if href != "" {
		c.b.WriteString(`<a href="` + esc(href) + `">`)
	}
	c.b.WriteString(`<g><title>` + esc(tip) + `</title>`)
	return func() {
		c.b.WriteString(`</g>`)
		if href != "" {
			c.b.WriteString(`</a>`)
		}
	}
}

// point is a place on the canvas.
type point struct{ x, y float64 }

// polyline is the path through points.
func polyline(points []point) string {
	var b strings.Builder
	for i, p := range points {
		verb := "L"
		if i == 0 {
			verb = "M"
		}
		b.WriteString(verb + coordinate(p.x) + " " + coordinate(p.y))
	}
	return b.String()
}

// steps is the path of a step function: flat until the next point, then up.
func steps(points []point, until float64) []point {
	var out []point
	for i, p := range points {
		if i > 0 {
			out = append(out, point{p.x, points[i-1].y})
		}
		out = append(out, p)
	}
	if n := len(points); n > 0 && until > points[n-1].x {
		out = append(out, point{until, points[n-1].y})
	}
	return out
}

// area closes the region between two lines.
func area(upper, lower []point) string {
	if len(upper) == 0 || len(lower) == 0 {
		return ""
	}
	all := slices.Clone(upper)
	for _, p := range slices.Backward(lower) {
		all = append(all, p)
	}
	return polyline(all) + "Z"
}

// textWidth estimates the width of a line in the common sans-serif fonts; it
// rather says too much than too little.
func textWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("ijlI.,:;|!'()[] \u00a0·", r):
			w += 0.34
		case strings.ContainsRune("frt-/", r):
			w += 0.42
		case strings.ContainsRune("mwMW%—", r):
			w += 0.95
		case r >= 'A' && r <= 'Z':
			w += 0.72
		case r > 0x2e80: // Chinese, Japanese, Korean, pictographs
			w += 1.1
		default:
			w += 0.63
		}
	}
	return w * size
}

// fit cuts a line to a width, with an ellipsis when something was cut.
func fit(s string, width, size float64) string {
	s = printable(s)
	if textWidth(s, size) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && textWidth(string(runes)+"…", size) > width {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimSpace(string(runes)) + "…"
}

// wrap breaks a text into lines of a width.
func wrap(s string, width, size float64) []string {
	var lines []string
	line := ""
	for word := range strings.SplitSeq(printable(s), " ") {
		switch {
		case word == "":
		case line == "":
			line = word
		case textWidth(line+" "+word, size) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
