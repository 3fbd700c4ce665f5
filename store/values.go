package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// instant is a time in microseconds since 1970; 0 is NULL.
type instant int64

func newInstant(t time.Time) instant {
	if t.IsZero() {
		return 0
	}
	return instant(t.UnixMicro())
}

func (i instant) time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(i)).UTC()
}

// Value implements driver.Valuer.
func (i instant) Value() (driver.Value, error) {
	if i == 0 {
		return nil, nil //nolint:nilnil // NULL
	}
	return int64(i), nil
}

// Scan implements sql.Scanner.
func (i *instant) Scan(v any) error {
	n, err := scanInt(v)
	*i = instant(n)
	return err
}

func scanInt(v any) (int64, error) {
	switch n := v.(type) {
	case nil:
		return 0, nil
	case int64:
		return n, nil
	}
	return 0, fmt.Errorf("a whole number was expected, not %T", v)
}

// day is a civil date in days since 1970; noDay is NULL.
type day int64

// noDay is the absence of a date in the columns that are sorted by it. It
// lies behind every real date.
const noDay = 1<<31 - 1

func newDay(d domain.Date) day {
	if d.IsZero() {
		return noDay
	}
	return day(d.Ordinal())
}

func (d day) date() domain.Date {
	if d == noDay {
		return domain.Date{}
	}
	return domain.DateOf(time.Unix(int64(d)*86400, 0).UTC())
}

// optionalDay is a day in a column that holds NULL for "no date". Its zero
// value is no date, because that is what GORM makes of NULL.
type optionalDay struct {
	day day
	set bool
}

func newOptionalDay(d domain.Date) optionalDay {
	if d.IsZero() {
		return optionalDay{}
	}
	return optionalDay{newDay(d), true}
}

func (d optionalDay) date() domain.Date {
	if !d.set {
		return domain.Date{}
	}
	return d.day.date()
}

// Value implements driver.Valuer.
func (d optionalDay) Value() (driver.Value, error) {
	if !d.set {
		return nil, nil //nolint:nilnil // NULL
	}
	return int64(d.day), nil
}

// Scan implements sql.Scanner.
func (d *optionalDay) Scan(v any) error {
	*d = optionalDay{}
	if v == nil {
		return nil
	}
	n, err := scanInt(v)
	*d = optionalDay{day(n), true}
	return err
}

// ref is a reference to another row; empty is NULL.
type ref string

// Value implements driver.Valuer.
func (r ref) Value() (driver.Value, error) {
	if r == "" {
		return nil, nil //nolint:nilnil // NULL
	}
	return string(r), nil
}

// Scan implements sql.Scanner.
func (r *ref) Scan(v any) error {
	switch s := v.(type) {
	case nil:
		*r = ""
	case string:
		*r = ref(s)
	case []byte:
		*r = ref(s)
	default:
		return fmt.Errorf("a text was expected, not %T", v)
	}
	return nil
}

// number is an optional number; it compares by value.
type number struct {
	value float64
	valid bool
}

func newNumber(v *float64) number {
	if v == nil {
		return number{}
	}
	return number{value: *v, valid: true}
}

func (n number) pointer() *float64 {
	if !n.valid {
		return nil
	}
	return &n.value
}

// Value implements driver.Valuer.
func (n number) Value() (driver.Value, error) {
	if !n.valid {
		return nil, nil //nolint:nilnil // NULL
	}
	return n.value, nil
}

// Scan implements sql.Scanner.
func (n *number) Scan(v any) error {
	switch f := v.(type) {
	case nil:
		*n = number{}
	case float64:
		*n = number{f, true}
	case int64:
		*n = number{float64(f), true}
	default:
		return fmt.Errorf("a number was expected, not %T", v)
	}
	return nil
}

// toJSON encodes a value that always can be encoded; the zero value is "".
func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	if s := string(text); s != "null" && s != "{}" {
		return s
	}
	return ""
}

func fromJSON[T any](text, what string) (T, error) {
	var v T
	if text == "" {
		return v, nil
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return v, fmt.Errorf("stored %s cannot be read: %w", what, err)
	}
	return v, nil
}

// micros brings a time to the precision and zone of the database.
func micros(t time.Time) time.Time { return newInstant(t).time() }

// optionalSeq is the number of a history row; 0 is NULL.
type optionalSeq int64

// Value implements driver.Valuer.
func (s optionalSeq) Value() (driver.Value, error) { return instant(s).Value() }

// Scan implements sql.Scanner.
func (s *optionalSeq) Scan(v any) error {
	n, err := scanInt(v)
	*s = optionalSeq(n)
	return err
}
