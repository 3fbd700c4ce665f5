package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// SameTypes compares two JSON documents and returns one line for each member
// both have whose JSON types differ. Null agrees with every type: which
// members may be null is the business of the description. Of arrays the first
// elements are compared.
func SameTypes(recorded, ours []byte) ([]string, error) {
	a, b, err := decodeBoth(recorded, ours)
	if err != nil {
		return nil, err
	}
	return sameTypes("$", a, b), nil
}

// Missing returns the paths of members the recorded document has and ours has
// not. It descends as SameTypes does.
func Missing(recorded, ours []byte) ([]string, error) {
	a, b, err := decodeBoth(recorded, ours)
	if err != nil {
		return nil, err
	}
	return missing("$", a, b), nil
}

func decodeBoth(recorded, ours []byte) (a, b any, err error) {
	if err := json.Unmarshal(recorded, &a); err != nil {
		return nil, nil, fmt.Errorf("recorded document: %w", err)
	}
	if err := json.Unmarshal(ours, &b); err != nil {
		return nil, nil, fmt.Errorf("our document: %w", err)
	}
	return a, b, nil
}

func sameTypes(path string, a, b any) []string {
	if a == nil || b == nil {
		return nil
	}
	if kind(a) != kind(b) {
		return []string{fmt.Sprintf("%s is %s when recorded and %s in ours", path, kind(a), kind(b))}
	}
	var out []string
	each(path, a, b, func(p string, x, y any, both bool) {
		if both {
			out = append(out, sameTypes(p, x, y)...)
		}
	})
	return out
}

func missing(path string, a, b any) []string {
	var out []string
	each(path, a, b, func(p string, x, y any, both bool) {
		if !both {
			out = append(out, p)
			return
		}
		out = append(out, missing(p, x, y)...)
	})
	return out
}

// each calls f for every member of a, and for the first elements of arrays.
func each(path string, a, b any, f func(path string, x, y any, both bool)) {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return
		}
		for _, k := range slices.Sorted(maps.Keys(a)) {
			y, both := b[k]
			f(path+"."+k, a[k], y, both)
		}
	case []any:
		b, ok := b.([]any)
		if ok && len(a) > 0 && len(b) > 0 {
			f(path+"[0]", a[0], b[0], true)
		}
	}
}

func kind(v any) string {
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	default:
		return "number"
	}
}
