package domain

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// createdFields reads a JSON object of texts, as a create row holds it. A fold of
// a large history reads millions of them, so objects written by this program
// take a short way; whatever looks different goes to the library, which also
// says what is wrong.
func createdFields(text string) (map[string]string, error) {
	if fields, ok := plainFields(text); ok {
		return fields, nil
	}
	fields := map[string]string{}
	err := json.Unmarshal([]byte(text), &fields)
	return fields, err
}

// plainFields reads {"name":"value",...} without blanks between the parts.
func plainFields(text string) (map[string]string, bool) {
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' || !utf8.ValidString(text) {
		return nil, false
	}
	rest := text[1 : len(text)-1]
	fields := make(map[string]string, 1+strings.Count(rest, `":"`))
	for rest != "" {
		name, after, ok := plainText(rest)
		if !ok || after == "" || after[0] != ':' {
			return nil, false
		}
		value, after, ok := plainText(after[1:])
		if !ok || after != "" && (after[0] != ',' || len(after) == 1) {
			return nil, false
		}
		fields[name] = value
		rest = strings.TrimPrefix(after, ",")
	}
	return fields, true
}

// plainText reads one quoted text and returns what stands behind it.
func plainText(s string) (value, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", "", false
	}
	escaped := false
	for n := 1; n < len(s); n++ {
		switch c := s[n]; {
		case c == '\\':
			escaped = true
			n++
		case c < ' ':
			return "", "", false
		case c == '"' && escaped:
			err := json.Unmarshal([]byte(s[:n+1]), &value)
			return value, s[n+1:], err == nil
		case c == '"':
			return s[1:n], s[n+1:], true
		}
	}
	return "", "", false
}
