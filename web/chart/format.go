package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// number prints a value with so many decimals, in the language's way.
func (t *Texts) number(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return strings.Replace(s, ".", t.DecimalMark, 1)
}

// brief prints a value with about three digits.
func (t *Texts) brief(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a >= 1e15 || a < 1e-4:
		return strings.Replace(strconv.FormatFloat(v, 'g', 3, 64), ".", t.DecimalMark, 1)
	case a >= 100:
		return t.number(v, 0)
	case a >= 10:
		return t.plain(v, 1)
	case a >= 0.1:
		return t.plain(v, 2)
	}
	return t.plain(v, 4)
}

// plain is a number without zeros at its end.
func (t *Texts) plain(v float64, decimals int) string {
	s := t.number(v, decimals)
	if strings.Contains(s, t.DecimalMark) {
		s = strings.TrimRight(strings.TrimRight(s, "0"), t.DecimalMark)
	}
	return s
}

// unitSpace keeps a number and its unit on one line.
const unitSpace = "\u00a0"

// percent prints a share; the whole range is open-ended where it is tiny.
func (t *Texts) percent(v float64) string {
	p := v * 100
	switch {
	case p > 0 && p < 0.5:
		return "< 1" + unitSpace + "%"
	case p < 100 && p > 99.5:
		return "> 99" + unitSpace + "%"
	}
	return t.number(p, 0) + unitSpace + "%"
}

// days prints a duration: one decimal below ten days, else whole (rule R2).
func (t *Texts) days(v float64) string {
	if math.Abs(v) < 9.95 {
		return t.number(v, 1) + unitSpace + t.DayUnit
	}
	return t.number(v, 0) + unitSpace + t.DayUnit
}

// value prints the value of a figure by its unit.
func (t *Texts) value(unit string, v float64) string {
	switch unit {
	case "share":
		return t.percent(v)
	case "days":
		return t.days(v)
	case "count":
		return t.number(v, 0)
	case "weeks":
		return fmt.Sprintf(t.WeeksCount, t.number(v, 0))
	case "per_year":
		return t.brief(v) + " " + t.PerYear
	}
	return t.brief(v)
}

// interval is "35–83 %"; an open end is said in words.
func (t *Texts) interval(unit string, lower, upper *float64) string {
	if lower == nil && upper == nil {
		return ""
	}
	end := func(v *float64, open string) string {
		if v == nil {
			return open
		}
		return t.value(unit, *v)
	}
	low, high := end(lower, t.NoLowerEnd), end(upper, t.NoUpperEnd)
	if i := strings.LastIndex(low, unitSpace); lower != nil && upper != nil && i > 0 && strings.HasSuffix(high, low[i:]) && !strings.ContainsAny(low, "<>") {
		low = low[:i]
	}
	if strings.HasPrefix(low, "-") || strings.HasPrefix(high, "-") || lower == nil || upper == nil {
		return low + " " + t.To + " " + high
	}
	return low + "–" + high
}

// figure is the number with its interval and n, or the counts alone where there
// is too little for a number.
func (t *Texts) figure(f metrics.Figure) string {
	if !f.Shown || f.Value == nil {
		return t.counts(f)
	}
	s := t.value(f.Unit, *f.Value)
	if iv := t.interval(f.Unit, f.Lower, f.Upper); iv != "" {
		s += " (" + iv + ")"
	}
	if f.Unit == "share" && f.N > 0 && f.Events == 0 {
		return s + ", " + t.of(f.X, f.N)
	}
	return s + ", n = " + strconv.Itoa(f.N)
}

// counts is what is said instead of a number.
func (t *Texts) counts(f metrics.Figure) string {
	switch {
	case f.Shown: // enough data, but the value is not reached or not estimable
		return t.NotReached + ", n = " + strconv.Itoa(f.N)
	case f.Unit == "per_year":
		if f.X == 0 {
			return fmt.Sprintf(t.NoneInDays, f.N)
		}
		return fmt.Sprintf(t.SomeInDays, f.X, f.N)
	case f.Unit == "share" && f.Events == 0:
		return t.of(f.X, f.N) + " (" + t.TooFew + ")"
	}
	return fmt.Sprintf(t.EventsOf, f.Events, f.N) + " (" + t.TooFew + ")"
}

// whole rounds a number of days.
func whole(v float64) int {
	if math.IsNaN(v) {
		return 0
	}
	return int(math.Round(min(max(v, -1e15), 1e15)))
}

func (t *Texts) of(x, n int) string { return fmt.Sprintf(t.Of, x, n) }

// cell is a value for a table, empty when there is none.
func (t *Texts) cell(unit string, v *float64) string {
	if v == nil {
		return ""
	}
	return t.value(unit, *v)
}

// shown is the value of a figure for a table: empty below its minimum, so that
// the table says no more than the picture.
func (t *Texts) shown(f metrics.Figure) string {
	if !f.Shown {
		return ""
	}
	return t.cell(f.Unit, f.Value)
}

func (t *Texts) shownInterval(f metrics.Figure) string {
	if !f.Shown || f.Value == nil {
		return ""
	}
	return t.interval(f.Unit, f.Lower, f.Upper)
}

// none is the name of a group without a value.
func (t *Texts) none(name string) string {
	if name == "" {
		return t.None
	}
	if name == metrics.SmallTeams {
		return t.SmallTeams
	}
	return name
}

func date(d domain.Date) string { return d.String() }
