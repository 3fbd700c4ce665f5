package app

import (
	"reflect"

	"github.com/followthrough/followthrough/metrics"
)

// mark sets the mark on every figure of a report whose inputs fail more than
// one in ten quality checks (1.4).
func mark(p *portfolio, c metrics.Cohort, report any) error {
	quality, err := metrics.Quality(p.snapshot, c, p.lives(c))
	if err != nil {
		return err
	}
	markWith(&quality, report)
	return nil
}

// markWith sets the marks of a known state of the data.
func markWith(quality *metrics.QualityReport, report any) {
	eachFigure(reflect.ValueOf(report).Elem(), func(f *metrics.Figure) {
		one := []metrics.Figure{*f}
		quality.Mark(one)
		*f = one[0]
	})
}

// eachFigure calls f for every figure inside a report.
func eachFigure(v reflect.Value, f func(*metrics.Figure)) {
	if figure, ok := reflect.TypeAssert[*metrics.Figure](v.Addr()); ok {
		f(figure)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for n := range v.NumField() {
			if v.Type().Field(n).IsExported() {
				eachFigure(v.Field(n), f)
			}
		}
	case reflect.Slice, reflect.Array:
		for n := range v.Len() {
			eachFigure(v.Index(n), f)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			eachFigure(v.Elem(), f)
		}
	}
}
