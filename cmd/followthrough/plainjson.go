package main

import (
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/plainjson"
)

// printJSON writes values as the API would: members in snake_case and in the
// order of their fields, null for what is not there, instants in UTC.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(plain(reflect.ValueOf(v)))
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
		return plainStruct(v, plainjson.Object{})
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
func plainStruct(v reflect.Value, out plainjson.Object) plainjson.Object {
	for field := range v.Type().Fields() {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case !field.IsExported() || tag == "-":
		case field.Anonymous && field.Type.Kind() == reflect.Struct && tag == "":
			out = plainStruct(v.FieldByIndex(field.Index), out)
		case tag != "":
			out = out.With(tag, plain(v.FieldByIndex(field.Index)))
		default:
			out = out.With(plainjson.Snake(field.Name), plain(v.FieldByIndex(field.Index)))
		}
	}
	return out
}
