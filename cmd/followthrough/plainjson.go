package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/followthrough/followthrough/domain"
)

// printJSON writes values as the API would: members in snake_case and in the
// order of their fields, null for what is not there, instants in UTC.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(plain(reflect.ValueOf(v)))
}

// plainObject is an object whose members keep their order.
type plainObject []plainMember

type plainMember struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o plainObject) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	out.WriteByte('{')
	for n, m := range o {
		if n > 0 {
			out.WriteByte(',')
		}
		out.WriteString(strconv.Quote(m.name) + ":")
		if err := enc.Encode(m.value); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func plain(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	switch x := v.Interface().(type) {
	case time.Time:
		if x.IsZero() {
			return nil
		}
		return stamp(x)
	case domain.Date:
		if x.IsZero() {
			return nil
		}
		return x.String()
	case json.Marshaler, encoding.TextMarshaler:
		return x
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	case reflect.Struct:
		return plainStruct(v, plainObject{})
	case reflect.Slice, reflect.Array:
		out := make([]any, v.Len())
		for n := range out {
			out[n] = plain(v.Index(n))
		}
		return out
	case reflect.Map:
		out := make(map[string]any, v.Len())
		for each := v.MapRange(); each.Next(); {
			out[fmt.Sprint(each.Key().Interface())] = plain(each.Value())
		}
		return out
	case reflect.String:
		if v.Len() == 0 {
			return nil
		}
	default:
	}
	return v.Interface()
}

// plainStruct adds the members of a struct; those of an embedded one stand among them.
func plainStruct(v reflect.Value, out plainObject) plainObject {
	for field := range v.Type().Fields() {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case !field.IsExported() || tag == "-":
		case field.Anonymous && field.Type.Kind() == reflect.Struct && tag == "":
			out = plainStruct(v.FieldByIndex(field.Index), out)
		case tag != "":
			out = append(out, plainMember{tag, plain(v.FieldByIndex(field.Index))})
		default:
			out = append(out, plainMember{snake(field.Name), plain(v.FieldByIndex(field.Index))})
		}
	}
	return out
}

// snake turns DueOn into due_on and LastError into last_error.
func snake(name string) string {
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
