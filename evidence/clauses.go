package evidence

import (
	_ "embed" // the clauses are data
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

//go:embed clauses.json
var clausesJSON []byte

// Clause is one clause of a standard, and which records answer it.
type Clause struct {
	Standard string   `json:"standard"`
	Clause   string   `json:"clause"`
	Title    string   `json:"title"`
	Asks     string   `json:"asks"` // in words of ours
	Answers  []Answer `json:"answers"`
}

// Answer selects leaves: all conditions that are given must hold.
type Answer struct {
	What    string   `json:"what"`
	Subject string   `json:"subject,omitempty"`
	Kinds   []string `json:"kinds,omitempty"`
	Fields  []string `json:"fields,omitempty"`
	Leaves  spans    `json:"leaves,omitempty"` // filled in a pack
	Count   int      `json:"count"`
}

// Clauses returns the mapping as data.
func Clauses() []Clause {
	var out []Clause
	if err := json.Unmarshal(clausesJSON, &out); err != nil {
		panic(err) // the embedded file is tested
	}
	return out
}

// selects reports whether a leaf answers.
func (a *Answer) selects(l *Leaf) bool {
	if a.Subject != "" && a.Subject != l.Subject || len(a.Kinds) > 0 && !slices.Contains(a.Kinds, l.Kind) {
		return false
	}
	return len(a.Fields) == 0 || slices.ContainsFunc(l.Fields, func(f Field) bool { return slices.Contains(a.Fields, f.Name) })
}

func (a *Answer) add(index int64, l *Leaf) {
	if a.selects(l) {
		a.Leaves.add(index)
		a.Count++
	}
}

// spans is a list of leaf numbers; it is written as "1-5,7".
type spans [][2]int64

func (s *spans) add(n int64) {
	if last := len(*s) - 1; last >= 0 && (*s)[last][1] == n-1 {
		(*s)[last][1] = n
		return
	}
	*s = append(*s, [2]int64{n, n})
}

// MarshalText implements encoding.TextMarshaler.
func (s spans) MarshalText() ([]byte, error) {
	parts := make([]string, len(s))
	for n, span := range s {
		parts[n] = strconv.FormatInt(span[0], 10)
		if span[1] != span[0] {
			parts[n] += "-" + strconv.FormatInt(span[1], 10)
		}
	}
	return []byte(strings.Join(parts, ",")), nil
}
