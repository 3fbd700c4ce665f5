package chart

import (
	"math"
	"time"
)

// scale maps values to places, linear or in logarithms.
type scale struct {
	from, to float64 // values
	at, end  float64 // places
	log      bool
}

func linear(from, to, at, end float64) scale {
	if !(to > from) {
		to = from + 1
	}
	return scale{from: from, to: to, at: at, end: end}
}

func logarithmic(from, to, at, end float64) scale {
	if !(from > 0) {
		from = 1e-3
	}
	if !(to > from) {
		to = from * 10
	}
	return scale{from: from, to: to, at: at, end: end, log: true}
}

func (s scale) place(v float64) float64 {
	f := (v - s.from) / (s.to - s.from)
	if s.log {
		f = math.Log(math.Max(v, s.from/1e6)/s.from) / math.Log(s.to/s.from)
	}
	return s.at + min(max(f, 0), 1)*(s.end-s.at)
}

// outside says that a value lies beyond the scale, so that its mark is an arrow.
func (s scale) outside(v float64) bool { return v < s.from || v > s.to }

// nice is the next number of the form 1, 2 or 5 times a power of ten.
func nice(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5, 10} {
		if v <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// roof is a round number at or a little above v, for the end of an axis.
func roof(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} {
		if v <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// ticks are about n round values from 0 or a round start to the end.
func ticks(from, to float64, n int) []float64 {
	step := nice((to - from) / float64(max(1, n)))
	var out []float64
	for i := math.Ceil(from/step - 1e-9); i*step <= to*(1+1e-9)+1e-12 && len(out) < 50; i++ {
		out = append(out, i*step)
	}
	return out
}

// logTicks are the powers of ten and, over few of them, their halves.
func logTicks(from, to float64) []float64 {
	var out []float64
	few := math.Log10(to/from) <= 2.5
	for power := math.Pow(10, math.Floor(math.Log10(from))); power <= to*1.0001 && len(out) < 50; power *= 10 {
		for _, m := range []float64{1, 3} {
			if v := m * power; v >= from*0.9999 && v <= to*1.0001 && (m == 1 || few) {
				out = append(out, v)
			}
		}
	}
	return out
}

// dateTick is a labelled instant of a time axis.
type dateTick struct {
	at    time.Time
	label string
}

// dateTicks are firsts of months, every so many that about n fit.
func dateTicks(from, to time.Time, n int) []dateTick {
	months := max(1, int(math.Ceil(to.Sub(from).Hours()/24/30.4/float64(max(1, n)))))
	for _, step := range []int{1, 2, 3, 6, 12, 24, 60, 120} {
		if step >= months {
			months = step
			break
		}
	}
	if to.Sub(from) < 45*24*time.Hour {
		return dayTicks(from, to, n)
	}
	var out []dateTick
	year, month := from.Year(), int(from.Month())-1
	month -= month % min(months, 12)
	for t := time.Date(year, time.Month(month+1), 1, 0, 0, 0, 0, from.Location()); !t.After(to) && len(out) < 60; t = t.AddDate(0, months, 0) {
		if !t.Before(from) {
			out = append(out, dateTick{t, t.Format("2006-01")})
		}
	}
	return out
}

func dayTicks(from, to time.Time, n int) []dateTick {
	step := max(1, int(math.Ceil(to.Sub(from).Hours()/24/float64(max(1, n)))))
	var out []dateTick
	for t := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, from.Location()); !t.After(to) && len(out) < 60; t = t.AddDate(0, 0, step) {
		if !t.Before(from) {
			out = append(out, dateTick{t, t.Format(time.DateOnly)})
		}
	}
	return out
}
