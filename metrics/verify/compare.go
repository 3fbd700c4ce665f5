package verify

import (
	"fmt"
	"math"
	"sort"

	"github.com/followthrough/followthrough/metrics"
)

// object is a computed value with named parts.
type object map[string]any

// counts is an object of which the reference lists every part: a part that it
// does not name is a mismatch and not an extra.
type counts map[string]any

// comparison walks an expected value beside the computed one and keeps the
// first mismatch.
type comparison struct {
	tolerance
	numbers   int
	deviation float64
	problem   string
}

func (c *comparison) fail(path, format string, args ...any) {
	if c.problem == "" {
		c.problem = path + ": " + fmt.Sprintf(format, args...)
	}
}

func (c *comparison) compare(path string, want, got any) {
	switch w := want.(type) {
	case float64:
		c.number(path, w, got)
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			c.fail(path, "want %d values, got %s", len(w), describe(got))
			return
		}
		for i := range w {
			c.compare(fmt.Sprintf("%s[%d]", path, i), w[i], g[i])
		}
	case map[string]any:
		c.parts(path, w, got)
	default: // string, bool, null
		if want != got {
			c.fail(path, "want %v, got %s", want, describe(got))
		}
	}
}

func (c *comparison) number(path string, want float64, got any) {
	g, ok := got.(float64)
	if !ok {
		c.fail(path, "want %v, got %s", want, describe(got))
		return
	}
	c.numbers++
	d := math.Abs(g - want)
	relative := d
	if want != 0 {
		relative = d / math.Abs(want)
	}
	c.deviation = max(c.deviation, relative)
	if !(d <= max(c.Absolute, c.Relative*math.Abs(want))) {
		c.fail(path, "want %v, got %v", want, g)
	}
}

func (c *comparison) parts(path string, want map[string]any, got any) {
	g, strict := got.(counts)
	if !strict {
		o, ok := got.(object)
		if !ok {
			c.fail(path, "want an object, got %s", describe(got))
			return
		}
		g = counts(o)
	}
	for _, name := range sortedKeys(want) {
		v, ok := g[name]
		if !ok {
			c.fail(path+"."+name, "is not computed for this kind")
			continue
		}
		c.compare(path+"."+name, want[name], v)
	}
	if strict {
		for _, name := range sortedKeys(g) {
			if _, ok := want[name]; !ok {
				c.fail(path+"."+name, "is not expected, got %s", describe(g[name]))
			}
		}
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case []any:
		return fmt.Sprintf("%d values", len(v))
	case object, counts:
		return "an object"
	}
	return fmt.Sprint(v)
}

// tree turns computed values into the shapes that JSON decodes to; NaN and
// infinities become null.
func tree(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return v
	case int:
		return float64(v)
	case int32:
		return float64(v)
	case metrics.Answer:
		if v == metrics.Undecided {
			return nil
		}
		return v == metrics.Yes
	case []float64:
		return list(v)
	case []int:
		return list(v)
	case []int32:
		return list(v)
	case [][]float64:
		return list(v)
	case []any:
		return list(v)
	case object:
		for k := range v {
			v[k] = tree(v[k])
		}
		return v
	case counts:
		for k := range v {
			v[k] = tree(v[k])
		}
		return v
	}
	return v
}

func list[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = tree(v)
	}
	return out
}
