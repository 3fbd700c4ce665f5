package api

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// kind is what a member takes, in the words people read.
type kind string

const (
	isText    kind = "a text"
	isDate    kind = "a date as YYYY-MM-DD"
	isInstant kind = "an instant such as 2026-12-08T09:30:00Z"
	isBool    kind = "true or false"
	isWhole   kind = "a whole number"
	isNumber  kind = "a number"
	isList    kind = "a list"
	isObject  kind = "an object"
)

// shape is what the decoder needs to know of a type. It is worked out once,
// when the routes are built.
type shape struct {
	kind     kind
	nullable bool
	// members are the names a struct knows; free is the shape of a map's values.
	members map[string]*shape
	free    *shape
	item    *shape
}

// shapeOf reads the shape of a type; a type no body may use is a mistake of
// the program and panics when it is built.
func shapeOf(t reflect.Type) *shape {
	if o, ok := reflect.TypeAssert[interface{ inner() reflect.Type }](reflect.Zero(t)); ok {
		s := *shapeOf(o.inner())
		s.nullable = true
		return &s
	}
	switch {
	case t == reflect.TypeFor[date]():
		return &shape{kind: isDate}
	case t == reflect.TypeFor[instant]():
		return &shape{kind: isInstant}
	}
	switch t.Kind() {
	case reflect.String:
		return &shape{kind: isText}
	case reflect.Bool:
		return &shape{kind: isBool}
	case reflect.Int, reflect.Int64:
		return &shape{kind: isWhole}
	case reflect.Float64:
		return &shape{kind: isNumber}
	case reflect.Slice:
		return &shape{kind: isList, item: shapeOf(t.Elem())}
	case reflect.Map:
		return &shape{kind: isObject, free: shapeOf(t.Elem())}
	case reflect.Struct:
		return structShape(t)
	default:
		panic(fmt.Sprintf("api: %s cannot be part of a body", t))
	}
}

func structShape(t reflect.Type) *shape {
	s := &shape{kind: isObject, members: map[string]*shape{}}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			s.members[name] = shapeOf(f.Type)
		}
	}
	return s
}

// checkTime returns what is wrong with the text of a date or an instant.
func checkTime(k kind, v string) string {
	if k == isDate {
		if v == "" {
			return "is empty; write null to clear it"
		}
		if _, err := domain.ParseDate(v); err != nil {
			return clip(err.Error(), 120)
		}
		return ""
	}
	at, err := time.Parse(time.RFC3339, v)
	if err != nil || at.Year() < 1900 || at.Year() > 9999 {
		return `"` + clip(v, 40) + `" is not an instant; write it as 2026-12-08T09:30:00Z`
	}
	return ""
}
