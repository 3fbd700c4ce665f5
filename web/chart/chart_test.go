package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/web/chart"
)

var update = flag.Bool("update", false, "write the golden files anew")

func same(s string) string { return s }

func links(m chart.Mark) string {
	return "/measures?kind=" + m.Kind + "&priority=" + m.Priority + m.Bucket + m.Team + m.State + m.Service + m.Check + m.Measure
}

func languages() map[string]chart.Texts {
	return map[string]chart.Texts{"en": chart.English(), "de": chart.German()}
}

func file(tb testing.TB, p chart.Picture) string {
	tb.Helper()
	var b bytes.Buffer
	if err := p.WriteFile(&b); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func page(tb testing.TB, p chart.Picture, texts chart.Texts) string {
	tb.Helper()
	var b bytes.Buffer
	if err := p.WriteHTML(&b, texts); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// TestGolden holds every picture to its file: drawn alone in English, as a figure
// of a page with its table in German.
func TestGolden(t *testing.T) {
	r := sample(t, 360, same)
	english := r.pictures(chart.Options{Texts: chart.English()})
	german := r.pictures(chart.Options{Texts: chart.German(), Link: links})
	for _, name := range slices.Sorted(maps.Keys(english)) {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".svg", file(t, english[name]))
			golden(t, name+".de.html", page(t, german[name], chart.German()))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	got = strings.ReplaceAll(got, "><", ">\n<")
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: run with -update if this is meant, and look at it: %s", name, d)
	}
}

// text is one line of text of a picture with its estimated box.
type text struct {
	words                  string
	left, right, top, base float64
}

// drawing is what a test wants to know of a picture.
type drawing struct {
	width, height float64
	texts         []text
	classes       map[string]bool
	elements      int
}

// read parses a picture as XML and refuses whatever would style inline.
func read(tb testing.TB, svg string) drawing {
	tb.Helper()
	d := drawing{classes: map[string]bool{}}
	dec := xml.NewDecoder(strings.NewReader(svg))
	var open *text
	shift := []float64{0}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return d
		}
		if err != nil {
			tb.Fatalf("not well-formed: %v in %.300s", err, svg)
		}
		switch e := token.(type) {
		case xml.StartElement:
			d.elements++
			at := map[string]string{}
			for _, a := range e.Attr {
				at[a.Name.Local] = a.Value
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") || slices.Contains([]string{"fill", "stroke", "font-size"}, a.Name.Local) {
					tb.Errorf("<%s> is styled inline by %s", e.Name.Local, a.Name.Local)
				}
			}
			for c := range strings.FieldsSeq(at["class"]) {
				d.classes[c] = true
			}
			dy := 0.0
			if m := regexp.MustCompile(`translate\(0 ([0-9.]+)\)`).FindStringSubmatch(at["transform"]); m != nil {
				dy, _ = strconv.ParseFloat(m[1], 64)
			}
			shift = append(shift, shift[len(shift)-1]+dy)
			switch e.Name.Local {
			case "svg":
				box := strings.Fields(at["viewBox"])
				d.width, _ = strconv.ParseFloat(box[2], 64)
				d.height, _ = strconv.ParseFloat(box[3], 64)
			case "text":
				x, _ := strconv.ParseFloat(at["x"], 64)
				y, _ := strconv.ParseFloat(at["y"], 64)
				y += shift[len(shift)-1]
				open = &text{left: x, base: y, top: y, words: at["class"]}
			}
		case xml.CharData:
			if open != nil {
				d.texts = append(d.texts, measured(open, string(e)))
				open = nil
			}
		case xml.EndElement:
			open = nil
			shift = shift[:len(shift)-1]
		}
	}
}

// measured is the box of a line, with the width that DejaVu Sans has, the widest
// of the usual fonts, less a tenth.
func measured(t *text, words string) text {
	size := 12.0
	switch {
	case strings.Contains(t.words, "pic-small"):
		size = 11
	case strings.Contains(t.words, "pic-head"):
		size = 15
	}
	width := float64(len([]rune(words))) * size * 0.52
	out := text{words: words, left: t.left, base: t.base, top: t.base - 0.72*size}
	switch {
	case strings.Contains(t.words, "pic-end"):
		out.left -= width
	case strings.Contains(t.words, "pic-middle"):
		out.left -= width / 2
	}
	out.right = out.left + width
	return out
}

// TestPicturesAreSound looks at every picture in both languages: well-formed,
// styled by the style sheet only, no text outside or over another text.
func TestPicturesAreSound(t *testing.T) {
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`\.(pic[a-z0-9-]*)`).FindAllStringSubmatch(chart.Stylesheet(), -1) {
		known[m[1]] = true
	}
	for lang, texts := range languages() {
		for size, n := range map[string]int{"many": 360, "few": 12, "thousands": 4000} {
			r := sample(t, n, same)
			for name, p := range r.pictures(chart.Options{Texts: texts, Link: links}) {
				t.Run(lang+"/"+size+"/"+name, func(t *testing.T) {
					d := read(t, file(t, p))
					for c := range d.classes {
						if !known[c] {
							t.Errorf("class %s is not in the style sheet", c)
						}
					}
					for i, a := range d.texts {
						if a.left < -1 || a.right > d.width+1 || a.top < -1 || a.base > d.height+1 {
							t.Errorf("%q from %.0f to %.0f at %.0f lies outside %.0f × %.0f", a.words, a.left, a.right, a.base, d.width, d.height)
						}
						for _, b := range d.texts[i+1:] {
							if a.left < b.right-1 && b.left < a.right-1 && a.top < b.base-1 && b.top < a.base-1 {
								t.Errorf("%q and %q overlap at %.0f, %.0f", a.words, b.words, a.left, a.base)
							}
						}
					}
					if p.Lead == "" || p.Desc == "" || p.Title == "" {
						t.Errorf("title %q, lead %q, description %q: one is missing", p.Title, p.Lead, p.Desc)
					}
					for _, row := range p.Table.Rows {
						if len(row.Cells) != len(p.Table.Head) {
							t.Errorf("row %q has %d cells under %d heads", row.Cells, len(row.Cells), len(p.Table.Head))
						}
					}
					if n >= 360 && len(p.Table.Rows) == 0 {
						t.Error("no table beside the picture")
					}
					read(t, "<div>"+strings.ReplaceAll(page(t, p, texts), " open>", ">")+"</div>")
				})
			}
		}
	}
}

// TestNothingToShow: without data every picture says so in words.
func TestNothingToShow(t *testing.T) {
	for lang, texts := range languages() {
		var r reports
		for name, p := range r.pictures(chart.Options{Texts: texts}) {
			t.Run(lang+"/"+name, func(t *testing.T) {
				if p.Drawn() || p.Lead == "" || strings.Contains(p.Lead, "%!") {
					t.Errorf("drawn %v, lead %q; want words only", p.Drawn(), p.Lead)
				}
				read(t, file(t, p))
			})
		}
	}
}

// TestHostileNames: names are text, whatever is in them.
func TestHostileNames(t *testing.T) {
	evil := func(s string) string { return s + `"><script>alert(1)</script><!-- & ]]> ` + "\x00\x1b\u202e" }
	r := sample(t, 360, evil)
	for name, p := range r.pictures(chart.Options{Texts: chart.English(), Link: func(m chart.Mark) string { return "/x?" + m.Team + m.Service + m.Measure }}) {
		t.Run(name, func(t *testing.T) {
			svg, html := file(t, p), page(t, p, chart.English())
			if strings.Contains(svg+html, "<script") {
				t.Error("a name became an element")
			}
			read(t, svg)
			read(t, "<div>"+strings.ReplaceAll(html, " open>", ">")+"</div>")
		})
	}
}

// TestTextsAreComplete: both languages say everything, with the same numbers in
// the same order, and name every check there is.
func TestTextsAreComplete(t *testing.T) {
	verbs := regexp.MustCompile(`%[ds%]`)
	en, de := reflect.ValueOf(chart.English()), reflect.ValueOf(chart.German())
	for i := range en.NumField() {
		name := en.Type().Field(i).Name
		if en.Field(i).Kind() != reflect.String {
			continue
		}
		a, b := en.Field(i).String(), de.Field(i).String()
		for _, s := range []string{a, b} {
			if strings.ContainsAny(verbs.ReplaceAllString(s, ""), "%") && len(verbs.FindAllString(s, -1)) > 0 {
				t.Errorf("%s: a bare percent sign in the format %q; write it twice", name, s)
			}
		}
		if a == "" || b == "" {
			t.Errorf("%s is empty: %q, %q", name, a, b)
		}
		if d := cmp.Diff(verbs.FindAllString(a, -1), verbs.FindAllString(b, -1)); d != "" && strings.Contains(a, "%d") {
			t.Errorf("%s: %s", name, d)
		}
	}
	r := sample(t, 40, same)
	for _, texts := range languages() {
		for _, c := range r.Quality.Checks {
			if texts.Checks[c.Name] == "" {
				t.Errorf("check %s has no name", c.Name)
			}
		}
		if len(texts.Checks) != len(r.Quality.Checks) {
			t.Errorf("%d names for %d checks", len(texts.Checks), len(r.Quality.Checks))
		}
	}
}

func TestTableAsCSV(t *testing.T) {
	table := chart.Table{Head: []chart.Column{{Name: "=cmd"}, {Name: "share", Number: true}}, Rows: []chart.Row{{Cells: []string{"@SUM(A1)", "-0.5"}}, {Cells: []string{"a,b", "35–83 %"}}}}
	var b bytes.Buffer
	if err := table.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	if want := "'=cmd,share\n'@SUM(A1),-0.5\n\"a,b\",35–83 %\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

// FuzzFigures puts arbitrary numbers into the pictures of rates and ratios.
func FuzzFigures(f *testing.F) {
	f.Add(1.0, 0.5, 2.0, 3, 40)
	f.Add(0.0, 0.0, math.Inf(1), 0, 0)
	f.Add(math.NaN(), -1.0, 1e300, 1<<40, -5)
	f.Fuzz(func(t *testing.T, v, low, high float64, x, n int) {
		fig := metrics.Figure{Unit: "per_year", Value: &v, Lower: &low, Upper: &high, X: x, N: n, Shown: true}
		share := fig
		share.Unit = "share"
		for _, p := range []chart.Picture{
			chart.BeforeAfter(metrics.BeforeAfter{Ratio: fig, EventsAfter: x, DaysAfter: v}, chart.Options{Texts: chart.English()}),
			chart.States(metrics.RecurrenceReport{ByState: []metrics.StateRate{{Rate: fig, ExposureDays: high}}}, chart.Options{Texts: chart.German()}),
			chart.OnTime(metrics.OnTimeReport{Original: share}, []chart.OnTimePriority{{Report: metrics.OnTimeReport{Original: share, Current: share}, Objective: &low}}, chart.Options{Texts: chart.English()}),
			chart.Completion(metrics.CompletionReport{Curve: []metrics.CurvePoint{{Day: v, Done: low, Cancelled: high, DoneLower: &low, DoneUpper: &high, AtRisk: n}}}, []float64{v}, chart.Options{Texts: chart.English()}),
		} {
			read(t, file(t, p))
		}
	})
}
