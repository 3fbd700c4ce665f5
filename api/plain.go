package api

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
	"github.com/followthrough/followthrough/plainjson"
)

// Reports come out of metrics as plain Go structs. This file is the one rule of
// how such a struct is written as JSON and how the document describes it: the
// members in the order of the fields, in snake_case; what is not estimable is
// null; a figure below its minimum n keeps its counts and loses its value.

// plainNode writes one value. It knows the types that metrics uses and no others.
func plainNode(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case time.Time:
		return moment(x)
	case domain.Date:
		return day(x)
	case metrics.Answer:
		return yesOrNo(x)
	case metrics.Figure:
		return plainStruct(reflect.ValueOf(hidden(x)))
	}
	if name, ok := enumName(v); ok {
		return name
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return plainNode(v.Elem())
	case reflect.Struct:
		return plainStruct(v)
	case reflect.Slice, reflect.Array:
		out := make([]any, v.Len())
		for n := range out {
			out[n] = plainNode(v.Index(n))
		}
		return out
	case reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil
		}
	}
	return v.Interface()
}

// hidden takes the estimate away from a figure that rests on too little; its
// counts and the reason stay.
func hidden(f metrics.Figure) metrics.Figure {
	if !f.Shown {
		f.Value, f.Lower, f.Upper = nil, nil, nil
	}
	return f
}

func yesOrNo(a metrics.Answer) *bool {
	yes := a == metrics.Yes
	if a == metrics.Undecided {
		return nil
	}
	return &yes
}

// enumName is the name of a number that stands for a name.
func enumName(v reflect.Value) (string, bool) {
	switch x := v.Interface().(type) {
	case metrics.GroupBy:
		return comparisons()[x], true
	case metrics.Endpoint:
		return endpoints()[x], true
	case metrics.PlanState:
		return x.String(), true
	case metrics.Origin:
		return x.String(), true
	}
	return "", false
}

func plainStruct(v reflect.Value) plainjson.Object {
	var out plainjson.Object
	for _, f := range plainFields(v.Type()) {
		out = out.With(memberName(v.Type(), f), plainNode(v.FieldByIndex(f.Index)))
	}
	return out
}

// plainFields are the fields that are written. The cohort of a report is left
// out: its pins stand once at the top.
func plainFields(t reflect.Type) []reflect.StructField {
	var out []reflect.StructField
	for f := range t.Fields() {
		if f.IsExported() && f.Type != reflect.TypeFor[metrics.Cohort]() {
			out = append(out, f)
		}
	}
	return out
}

// memberName is the name of a field; the id of a figure is that of its definition.
func memberName(t reflect.Type, f reflect.StructField) string {
	if t == reflect.TypeFor[metrics.Figure]() && f.Name == "ID" {
		return "definition"
	}
	return plainjson.Snake(f.Name)
}

// plainSchema describes what plainNode writes.
func plainSchema(r huma.Registry, t reflect.Type) *huma.Schema {
	switch t {
	case reflect.TypeFor[time.Time]():
		return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
	case reflect.TypeFor[domain.Date]():
		return &huma.Schema{Type: huma.TypeString, Format: "date", Nullable: true}
	case reflect.TypeFor[metrics.Answer]():
		return &huma.Schema{Type: huma.TypeBoolean, Nullable: true, Description: "null when it cannot be decided"}
	}
	if _, ok := enumName(reflect.Zero(t)); ok {
		return &huma.Schema{Type: huma.TypeString}
	}
	switch t.Kind() {
	case reflect.Pointer:
		inner := plainSchema(r, t.Elem())
		if inner.Ref != "" {
			return &huma.Schema{OneOf: []*huma.Schema{inner, {Type: "null"}}}
		}
		inner.Nullable = true
		return inner
	case reflect.Slice, reflect.Array:
		return &huma.Schema{Type: huma.TypeArray, Items: plainSchema(r, t.Elem())}
	case reflect.Struct:
		return plainObjectSchema(r, t)
	case reflect.Float64:
		return &huma.Schema{Type: huma.TypeNumber, Nullable: true}
	case reflect.String:
		return &huma.Schema{Type: huma.TypeString}
	case reflect.Bool:
		return &huma.Schema{Type: huma.TypeBoolean}
	case reflect.Int, reflect.Int64, reflect.Uint8, reflect.Int32:
		return &huma.Schema{Type: huma.TypeInteger}
	default:
		panic(fmt.Sprintf("api: a report cannot hold %s", t)) // a mistake of the program, found when it starts
	}
}

func plainObjectSchema(r huma.Registry, t reflect.Type) *huma.Schema {
	name := "Stats" + strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	ref := &huma.Schema{Ref: "#/components/schemas/" + name}
	if _, known := r.Map()[name]; known {
		return ref
	}
	out := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{}}
	r.Map()[name] = out
	for _, f := range plainFields(t) {
		member := memberName(t, f)
		out.Properties[member] = plainSchema(r, f.Type)
		out.Required = append(out.Required, member)
	}
	slices.Sort(out.Required)
	return ref
}
