package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/plainjson"
)

// StatsCSV writes a report as a table: one row for each figure and each other
// value, named by its place in the JSON form.
func StatsCSV(statistic string, report any) []byte {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	put := func(row ...string) {
		for n, cell := range row {
			row[n] = safeCell(cell)
		}
		_ = w.Write(row) // into memory
	}
	put("statistic", "place", "definition", "name", "group", "unit", "x", "n", "events", "value", "lower", "upper", "shown", "why")
	pins, _ := json.Marshal(pinsOf(cohortOf(reflect.ValueOf(report)))) // plain texts and numbers always encode
	put(statistic, "pins", "", "", "", "", "", "", "", string(pins), "", "", "", "")
	var walk func(place string, v reflect.Value)
	walk = func(place string, v reflect.Value) {
		if f, ok := reflect.TypeAssert[metrics.Figure](v); ok {
			f = hidden(f)
			put(statistic, place, f.ID, f.Name, f.Group, f.Unit, strconv.Itoa(f.X), strconv.Itoa(f.N), strconv.Itoa(f.Events), numberCell(f.Value), numberCell(f.Lower),
				numberCell(f.Upper), strconv.FormatBool(f.Shown), f.Why)
			return
		}
		switch node := plainNode(v).(type) {
		case plainjson.Object:
			for _, f := range plainFields(v.Type()) {
				walk(joinPlace(place, memberName(v.Type(), f)), v.FieldByIndex(f.Index))
			}
		case []any:
			for n := range node {
				walk(joinPlace(place, strconv.Itoa(n)), v.Index(n))
			}
		default:
			put(statistic, place, "", "", "", "", "", "", "", plainCell(node), "", "", "", "")
		}
	}
	v := reflect.ValueOf(report)
	walk("", v)
	w.Flush()
	return buf.Bytes()
}

func joinPlace(place, name string) string {
	if place == "" {
		return name
	}
	return place + "." + name
}

func numberCell(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

// plainCell writes what a member of the JSON form holds; null is empty.
func plainCell(node any) string {
	v := reflect.ValueOf(node)
	switch {
	case node == nil, v.Kind() == reflect.Pointer && v.IsNil():
		return ""
	case v.Kind() == reflect.Pointer:
		return fmt.Sprint(v.Elem().Interface())
	case v.Kind() == reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	}
	return fmt.Sprint(node)
}

// safeCell keeps a spreadsheet from taking text for a formula: a leading sign
// of one gets an apostrophe. A number stays a number.
func safeCell(cell string) string {
	if cell == "" || !strings.ContainsAny(cell[:1], "=+-@\t\r\x00") && !strings.HasPrefix(cell, "＝") && !strings.HasPrefix(cell, "＋") &&
		!strings.HasPrefix(cell, "－") && !strings.HasPrefix(cell, "＠") {
		return cell
	}
	if _, err := strconv.ParseFloat(cell, 64); err == nil {
		return cell
	}
	return "'" + cell
}
