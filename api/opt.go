package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/followthrough/followthrough/domain"
)

// opt is a member of a body that may be absent, null or a value: the three
// things JSON Merge Patch tells apart.
type opt[T any] struct {
	set   bool
	null  bool
	value T
}

// UnmarshalJSON implements json.Unmarshaler; it is called only for members that are there.
func (o *opt[T]) UnmarshalJSON(data []byte) error {
	o.set = true
	if bytes.Equal(data, []byte("null")) {
		o.null = true
		return nil
	}
	return json.Unmarshal(data, &o.value)
}

// Schema implements huma.SchemaProvider: the value's schema, null allowed.
func (o opt[T]) Schema(r huma.Registry) *huma.Schema {
	s := r.Schema(reflect.TypeFor[T](), true, "")
	if s.Ref != "" {
		return &huma.Schema{OneOf: []*huma.Schema{s, {Type: "null"}}}
	}
	copied := *s
	copied.Nullable = true
	return &copied
}

func (o opt[T]) inner() reflect.Type { return reflect.TypeFor[T]() }

// has reports whether a value was given.
func (o opt[T]) has() bool { return o.set && !o.null }

// edit turns a member into a domain edit: absent leaves, null clears.
func edit[T any, V any](o opt[T], convert func(T) V) domain.Opt[V] {
	if !o.set {
		return domain.Opt[V]{}
	}
	if o.null {
		return domain.Opt[V]{Set: true}
	}
	return domain.Some(convert(o.value))
}

// text is edit for members that are texts on both sides.
func text[V ~string](o opt[string]) domain.Opt[V] {
	return edit(o, func(s string) V { return V(s) })
}

// or returns the value, or the zero value of absent and null.
func or[V ~string](o opt[string]) V { return V(o.value) }

// put writes a member into a field: absent leaves, null clears.
func put[T any, V any](dst *V, o opt[T], convert func(T) V) {
	if e := edit(o, convert); e.Set {
		*dst = e.Value
	}
}

func same[T any](v T) T { return v }

// texts converts a list of texts.
func texts[V ~string](list []string) []V {
	out := make([]V, len(list))
	for n, s := range list {
		out[n] = V(s)
	}
	return out
}

// date is a civil date in a body.
type date struct{ domain.Date }

// UnmarshalJSON implements json.Unmarshaler.
func (d *date) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	parsed, err := domain.ParseDate(s)
	d.Date = parsed
	return err
}

// Schema implements huma.SchemaProvider.
func (date) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date", Examples: []any{"2026-12-08"}}
}

// instant is a moment in a body.
type instant struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (i *instant) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	parsed, err := time.Parse(time.RFC3339, s)
	i.Time = parsed.UTC()
	return err
}

// Schema implements huma.SchemaProvider.
func (instant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2026-12-08T09:30:00.000Z"}}
}
