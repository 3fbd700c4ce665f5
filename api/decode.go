package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep a body may nest.
const maxDepth = 32

// decode reads a JSON body into a struct of opt members. Unknown, doubled and
// differently written members, a second document, too deep nesting and text
// that is not UTF-8 make it a bad request; a member of the wrong type or an
// impossible date makes it unprocessable. All problems are named at once.
func decode(data []byte, as *shape, into any) error {
	if !utf8.Valid(data) {
		return badRequest("the body is not valid UTF-8 text", nil)
	}
	w := walk{dec: json.NewDecoder(bytes.NewReader(data))}
	w.dec.UseNumber()
	if err := w.document(as); err != nil {
		return err
	}
	if len(w.malformed) > 0 {
		return badRequest("the body has members that cannot be accepted", append(w.malformed, w.mistyped...))
	}
	if len(w.mistyped) > 0 {
		return unprocessable(w.mistyped)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return badRequest("the body holds a number that is out of range", nil)
	}
	return nil
}

// walk reads the tokens of a body beside the type they are meant for.
type walk struct {
	dec       *json.Decoder
	malformed []fault
	mistyped  []fault
}

func (w *walk) document(t *shape) error {
	token, err := w.dec.Token()
	if errors.Is(err, io.EOF) {
		return badRequest("the body is empty; send a JSON object", nil)
	}
	if err != nil {
		return w.syntax(err)
	}
	if token != json.Delim('{') {
		return badRequest("the body is not a JSON object", nil)
	}
	if err := w.object(t, "body", 1); err != nil {
		return err
	}
	if _, err := w.dec.Token(); !errors.Is(err, io.EOF) {
		return badRequest("something follows after the JSON object; send one object only", nil)
	}
	return nil
}

// syntax describes broken JSON by its place, never by the decoder's own words.
func (w *walk) syntax(error) error {
	return badRequest("the body is not valid JSON near byte "+strconv.FormatInt(w.dec.InputOffset(), 10), nil)
}

func (w *walk) object(t *shape, path string, depth int) error {
	if depth > maxDepth {
		return badRequest("the body nests deeper than "+strconv.Itoa(maxDepth)+" levels", nil)
	}
	var members map[string]*shape
	var free *shape
	if t != nil {
		members, free = t.members, t.free
	}
	seen := map[string]bool{}
	for w.dec.More() {
		token, err := w.dec.Token()
		if err != nil {
			return w.syntax(err)
		}
		name, _ := token.(string)
		place := path + "." + clip(name, 60)
		member, known := members[name]
		switch {
		case seen[name]:
			w.malformed = append(w.malformed, fault{place, "is given twice"})
		case !known && free == nil && t != nil:
			w.malformed = append(w.malformed, fault{place, unknownMember(name, members)})
		}
		if !known {
			member = free
		}
		seen[name] = true
		if err := w.value(member, place, depth); err != nil {
			return err
		}
	}
	if _, err := w.dec.Token(); err != nil {
		return w.syntax(err)
	}
	return nil
}

func unknownMember(name string, members map[string]*shape) string {
	for member := range members {
		if strings.EqualFold(member, name) {
			return "is not known; it is written " + member
		}
	}
	return "is not known"
}

// value reads one value; t is nil where the member is not known anyway.
func (w *walk) value(t *shape, path string, depth int) error {
	token, err := w.dec.Token()
	if err != nil {
		return w.syntax(err)
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			if t != nil && t.kind != isObject {
				w.wrong(t, path, "an object")
				t = nil
			}
			return w.object(t, path, depth+1)
		}
		return w.array(t, path, depth+1)
	case nil:
		if t != nil && !t.nullable {
			w.mistyped = append(w.mistyped, fault{path, "is null; write " + string(t.kind)})
		}
	case string:
		w.text(t, path, v)
	case json.Number:
		w.number(t, path, v)
	case bool:
		if t != nil && t.kind != isBool {
			w.wrong(t, path, "true or false")
		}
	}
	return nil
}

func (w *walk) array(t *shape, path string, depth int) error {
	if depth > maxDepth {
		return badRequest("the body nests deeper than "+strconv.Itoa(maxDepth)+" levels", nil)
	}
	var item *shape
	if t != nil && t.kind == isList {
		item = t.item
	} else if t != nil {
		w.wrong(t, path, "a list")
	}
	for n := 0; w.dec.More(); n++ {
		if err := w.value(item, path+"["+strconv.Itoa(n)+"]", depth); err != nil {
			return err
		}
	}
	if _, err := w.dec.Token(); err != nil {
		return w.syntax(err)
	}
	return nil
}

func (w *walk) text(t *shape, path, v string) {
	switch {
	case t == nil:
	case t.kind == isDate || t.kind == isInstant:
		if problem := checkTime(t.kind, v); problem != "" {
			w.mistyped = append(w.mistyped, fault{path, problem})
		}
	case t.kind != isText:
		w.wrong(t, path, "a text")
	}
}

func (w *walk) number(t *shape, path string, v json.Number) {
	switch {
	case t == nil || t.kind == isNumber:
	case t.kind == isWhole:
		if _, err := v.Int64(); err != nil {
			w.mistyped = append(w.mistyped, fault{path, clip(v.String(), 40) + " is not a whole number in range"})
		}
	default:
		w.wrong(t, path, "a number")
	}
}

func (w *walk) wrong(t *shape, path, got string) {
	w.mistyped = append(w.mistyped, fault{path, "is " + got + "; write " + string(t.kind)})
}

// clip shortens what a caller sent before it is shown again.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}
