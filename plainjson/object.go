// Package plainjson is how plain Go structs are written as JSON: members in the
// order of their fields, under names in snake_case. The API and the command line
// share it, so that both write the same.
package plainjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// Object is an object whose members keep their order.
type Object []member

type member struct {
	name  string
	value any
}

// With adds a member behind the others.
func (o Object) With(name string, value any) Object { return append(o, member{name, value}) }

// MarshalJSON implements json.Marshaler. It leaves <, > and & as they are; an
// encoder that escapes them, or takes out line ends, does so with what it gets
// from here.
func (o Object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	out.WriteByte('{')
	for n, m := range o {
		if n > 0 {
			out.WriteByte(',')
		}
		if err := enc.Encode(m.name); err != nil {
			return nil, err
		}
		out.WriteByte(':')
		if err := enc.Encode(m.value); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// Snake turns DueOn into due_on, OnTimeAll into on_time_all and SLAPriority into
// sla_priority.
func Snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for n, r := range runes {
		if n > 0 && unicode.IsUpper(r) && (!unicode.IsUpper(runes[n-1]) || n+1 < len(runes) && unicode.IsLower(runes[n+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
