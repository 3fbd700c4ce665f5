package domain

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Fields are the fields of one subject. They are a short list and no map, because
// a fold of a large history reads millions of them and asks each for a few.
type Fields []namedField

// namedField is a field with its value as it is written: between quotes where
// something in it is escaped.
type namedField struct {
	name, value string
	escaped     bool
}

// Get is the value of a field, empty without it.
func (f Fields) Get(name string) string {
	if n := f.find(name); n >= 0 {
		return f[n].text()
	}
	return ""
}

// Set changes the value of a field or adds it.
func (f *Fields) Set(name, value string) {
	if n := f.find(name); n >= 0 {
		(*f)[n] = namedField{name: name, value: value}
		return
	}
	*f = append(*f, namedField{name: name, value: value})
}

// find is the place of a field, -1 without it. A name that is there twice means
// the last one, as the library has it.
func (f Fields) find(name string) int {
	for n, field := range slices.Backward(f) {
		if field.name == name {
			return n
		}
	}
	return -1
}

func (f *namedField) text() string {
	if !f.escaped {
		return f.value
	}
	var text string
	_ = json.Unmarshal([]byte(f.value), &text) // its escapes were looked at
	return text
}

func (f Fields) asMap() map[string]string {
	values := make(map[string]string, len(f))
	for n := range f {
		values[f[n].name] = f[n].text()
	}
	return values
}

// createdFields reads a JSON object of texts, as a create row holds it. Objects
// written by this program take a short way; whatever looks different goes to the
// library, which also says what is wrong.
func createdFields(text string) (Fields, error) {
	if fields, ok := plainFields(text); ok {
		return fields, nil
	}
	values := map[string]string{}
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		return nil, err
	}
	fields := make(Fields, 0, len(values))
	for name, value := range values {
		fields = append(fields, namedField{name: name, value: value})
	}
	return fields, nil
}

// plainFields reads {"name":"value",...} without blanks between the parts.
func plainFields(text string) (Fields, bool) {
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' || !utf8.ValidString(text) {
		return nil, false
	}
	rest := text[1 : len(text)-1]
	fields := make(Fields, 0, 2+strings.Count(rest, `":"`)) // and one more to come
	for rest != "" {
		name, after, ok := plainText(rest)
		if !ok || after == "" || after[0] != ':' {
			return nil, false
		}
		value, after, ok := plainText(after[1:])
		if !ok || after != "" && (after[0] != ',' || len(after) == 1) {
			return nil, false
		}
		fields = append(fields, namedField{name.text(), value.value, value.escaped})
		rest = strings.TrimPrefix(after, ",")
	}
	return fields, true
}

// plainText reads one quoted text and returns what stands behind it. What is
// escaped by more than one letter is for the library.
func plainText(s string) (text namedField, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return namedField{}, "", false
	}
	escaped, special := false, false
	for n := 1; n < len(s); n++ {
		switch c := s[n]; {
		case c == '\\':
			if n++; n == len(s) {
				return namedField{}, "", false
			}
			escaped = true
			special = special || !strings.ContainsRune(`"\/bfnrt`, rune(s[n]))
		case c < ' ':
			return namedField{}, "", false
		case c == '"' && special:
			var value string
			err := json.Unmarshal([]byte(s[:n+1]), &value)
			return namedField{value: value}, s[n+1:], err == nil
		case c == '"' && escaped:
			return namedField{value: s[:n+1], escaped: true}, s[n+1:], true
		case c == '"':
			return namedField{value: s[1:n]}, s[n+1:], true
		}
	}
	return namedField{}, "", false
}
