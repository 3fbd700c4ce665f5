package imports

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/followthrough/followthrough/domain"
)

// A report says more than its action items: the course of the incident, its
// causes, and what was learned. These become the entries of a review. They are
// read line by line, because reports write them in every way Markdown has.

// reviewSection says which section of a review a heading begins; ok is false
// for every other heading.
func reviewSection(heading string) (section domain.ReviewSection, kind domain.EntryKind, ok bool) {
	text := strings.ToLower(plainHeading(heading))
	text, _, _ = strings.Cut(text, "(")
	text = strings.Trim(strings.ReplaceAll(text, "’", "'"), " :?*")
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return text == w || strings.HasPrefix(text, w+" ") })
	}
	switch {
	case has("timeline", "timeline of events", "chronology", "ablauf", "zeitverlauf", "chronologie"):
		return domain.SectionTimeline, domain.KindObservation, true
	case has("contributing factors", "contributing factor", "beitragende faktoren", "begünstigende umstände"):
		return domain.SectionCause, domain.KindContributing, true
	case has("root cause", "root causes", "cause", "causes", "ursache", "ursachen", "why did it happen"):
		return domain.SectionCause, domain.KindCause, true
	case has("what went well", "what worked", "was lief gut", "was gut lief"):
		return domain.SectionLesson, domain.KindWorked, true
	case has("what went wrong", "what went poorly", "what didn't go well", "what didn't go so well", "what did not go well", "what could have gone better", "was lief schlecht", "was nicht gut lief"):
		return domain.SectionLesson, domain.KindFailed, true
	case has("where we got lucky", "where did we get lucky", "what was lucky", "wo wir glück hatten"):
		return domain.SectionLesson, domain.KindLucky, true
	}
	return "", "", false
}

var (
	headingLine = regexp.MustCompile(`^(#{1,6})\s+(.+?)\s*#*$`)                                                                                                                                                             //nolint:gochecknoglobals // compiled once
	itemLine    = regexp.MustCompile(`^\s{0,3}(?:[-*+]|\d+[.)])\s+(.*)$`)                                                                                                                                                   //nolint:gochecknoglobals // compiled once
	timeStart   = regexp.MustCompile(`^[\[(*_~` + "`" + ` ]*(\d{4}-\d{2}-\d{2})?[T, ]*(?:(\d{1,2}:\d{2})(?::\d{2})?)?\s*([AaPp][Mm]\b)?\s*(UTC|GMT|CEST|CET|BST|PST|PDT|EST|EDT|Z)?[\])*_` + "`" + `]*\s*[-–—:|]*\s*(.*)$`) //nolint:gochecknoglobals // compiled once
	zoneWord    = regexp.MustCompile(`\b(UTC|GMT|CEST|CET|BST|PST|PDT|EST|EDT)\b`)                                                                                                                                          //nolint:gochecknoglobals // compiled once
)

// namedZone is the offset of an abbreviation that reports use.
func namedZone(name string) *time.Location {
	hours, ok := map[string]int{"UTC": 0, "GMT": 0, "Z": 0, "CET": 1, "CEST": 2, "BST": 1, "PST": -8, "PDT": -7, "EST": -5, "EDT": -4}[name]
	if !ok {
		return nil
	}
	return time.FixedZone(name, hours*3600)
}

// reviewReader walks the lines of a report.
type reviewReader struct {
	b       *builder
	row     row
	entries []domain.ReviewEntry
	section domain.ReviewSection
	kind    domain.EntryKind
	level   int
	zone    *time.Location
	day     domain.Date
	last    time.Time
	fenced  bool
	// open is the entry that further lines belong to; -1 is none.
	open   int
	noTime int
}

// reviewOf reads the entries of a review out of a report. day is the day that
// times without a date lie on.
func (b *builder) reviewOf(r row, text string, day domain.Date) []domain.ReviewEntry {
	rd := &reviewReader{b: b, row: r, zone: b.zone(r), day: day, open: -1}
	for line := range strings.Lines(text) {
		rd.line(strings.TrimRight(line, "\r\n \t"))
	}
	if rd.noTime > 0 {
		b.warn(r, "timeline", "%d facts have no time that can be told without a date or a zone; they were left out", rd.noTime)
	}
	return rd.checked()
}

func (rd *reviewReader) line(line string) {
	if strings.HasPrefix(strings.TrimSpace(line), "```") {
		rd.fenced = !rd.fenced
		return
	}
	if rd.fenced {
		return
	}
	if g := headingLine.FindStringSubmatch(line); g != nil {
		rd.heading(len(g[1]), g[2])
		return
	}
	if rd.section == "" {
		return
	}
	trimmed := strings.TrimSpace(line)
	switch item := itemLine.FindStringSubmatch(line); {
	case trimmed == "":
		if rd.section != domain.SectionTimeline {
			rd.open = -1
		}
	case strings.HasPrefix(trimmed, "|"):
		rd.tableRow(trimmed)
	case item != nil:
		rd.add(item[1])
	case rd.section == domain.SectionTimeline && timed(trimmed):
		rd.add(trimmed)
	case rd.open >= 0:
		e := &rd.entries[rd.open]
		e.Text = strings.TrimSpace(e.Text + " " + trimmed)
	case rd.section != domain.SectionTimeline && !strings.HasPrefix(trimmed, "<"):
		rd.add(trimmed)
	default:
		rd.header(trimmed)
	}
}

func (rd *reviewReader) heading(level int, text string) {
	rd.open = -1
	if section, kind, ok := reviewSection(text); ok {
		rd.section, rd.kind, rd.level = section, kind, level
		rd.header(text)
		return
	}
	switch {
	case rd.section == domain.SectionTimeline && level > rd.level && timed(plainHeading(text)):
		rd.add(plainHeading(text)) // the text below says what happened
	case level <= rd.level || rd.section != domain.SectionTimeline:
		rd.section = ""
	}
}

// header takes the zone out of a line such as "All times in CET".
func (rd *reviewReader) header(text string) {
	if g := zoneWord.FindStringSubmatch(text); g != nil {
		rd.zone = namedZone(g[1])
	}
}

func (rd *reviewReader) tableRow(line string) {
	cells := strings.Split(strings.Trim(line, "|"), "|")
	first := strings.TrimSpace(cells[0])
	switch {
	case strings.Trim(line, "|:- ") == "":
	case rd.section == domain.SectionTimeline && !timed(first):
		rd.header(first)
	case rd.section == domain.SectionTimeline:
		rd.add(first + " " + strings.TrimSpace(strings.Join(cells[1:], " ")))
	}
	rd.open = -1
}

// timed reports whether a line begins with a date or a time.
func timed(text string) bool {
	g := timeStart.FindStringSubmatch(text)
	return g != nil && (g[1] != "" || g[2] != "")
}

func (rd *reviewReader) add(text string) {
	rd.open = -1
	e := domain.ReviewEntry{Section: rd.section, Kind: rd.kind, Text: plainHeading(text), Source: rd.row.file}
	if rd.section == domain.SectionTimeline {
		g := timeStart.FindStringSubmatch(text)
		if g == nil || g[1] == "" && g[2] == "" {
			rd.noTime++
			return
		}
		e.At = rd.moment(g)
		if e.At.IsZero() {
			rd.noTime++
			return
		}
		e.Text = plainHeading(g[5])
	}
	rd.entries = append(rd.entries, e)
	rd.open = len(rd.entries) - 1
}

func (rd *reviewReader) moment(g []string) time.Time {
	if g[1] != "" {
		day, err := domain.ParseDate(g[1])
		if err != nil {
			return time.Time{}
		}
		rd.day, rd.last = day, time.Time{}
	}
	zone := rd.zone
	if named := namedZone(g[4]); named != nil {
		zone = named
	}
	if rd.day.IsZero() || zone == nil || g[2] == "" { // a day alone is no time
		return time.Time{}
	}
	clock, err := time.Parse("15:04", g[2])
	if half := strings.ToUpper(g[3]); half != "" {
		clock, err = time.Parse("3:04 PM", g[2]+" "+half)
	}
	if err != nil {
		return time.Time{}
	}
	at := time.Date(rd.day.Year, rd.day.Month, rd.day.Day, clock.Hour(), clock.Minute(), 0, 0, zone)
	if !rd.last.IsZero() && rd.last.Sub(at) > 12*time.Hour { // past midnight
		rd.day = rd.day.AddDays(1)
		at = at.AddDate(0, 0, 1)
	}
	rd.last = at
	return at.UTC()
}

// checked keeps the entries that a review accepts.
func (rd *reviewReader) checked() []domain.ReviewEntry {
	r := domain.NewReview("")
	dropped := 0
	for n, e := range rd.entries {
		if utf8.RuneCountInString(e.Text) > domain.MaxReason {
			e.Text = string([]rune(e.Text)[:domain.MaxReason-1]) + "…"
		}
		e.ID = strconv.Itoa(n) // of this reading only
		if e.Text == "" || r.Put(e, rd.b.o.Now) != nil {
			dropped++
		}
	}
	if dropped > 0 {
		rd.b.warn(rd.row, "review", "%d lines could not be taken into the review", dropped)
	}
	for n := range r.Entries {
		r.Entries[n].ID = ""
	}
	return r.Entries
}
