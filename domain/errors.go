package domain

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classifies an error by what the caller can do about it. A Kind is
// itself an error, so errors.Is(err, ErrNotFound) works through wrapping.
type Kind string

// The kinds of errors that speak to people. Everything else is internal and
// is logged once at the edge.
const (
	ErrNotFound     Kind = "not found"
	ErrConflict     Kind = "conflict"
	ErrInvalid      Kind = "invalid"
	ErrForbidden    Kind = "forbidden"
	ErrUnauthorized Kind = "unauthorized"
	// ErrStale is a lost race: the caller decided on an older version.
	ErrStale Kind = "stale"
	// ErrUnavailable is a passing fault of something outside; try again at RetryAt.
	ErrUnavailable Kind = "unavailable"
	// ErrLimited is a tracker's rate limit; it does not count as an attempt.
	ErrLimited Kind = "rate limited"
	// ErrUncertain says that a write may or may not have happened.
	ErrUncertain Kind = "uncertain"
	// ErrGone says that a tracker reports something as deleted or moved away.
	ErrGone Kind = "gone"
)

// Error implements error.
func (k Kind) Error() string { return string(k) }

// FieldError names one refused input and what is accepted instead.
type FieldError struct {
	Field   string
	Message string
}

// Error is an error that may be shown to a person.
type Error struct {
	Kind    Kind
	Message string
	// Fields lists the refused inputs of an ErrInvalid, in input order.
	Fields []FieldError
	// RetryAt is the earliest useful retry of ErrUnavailable and ErrLimited; zero when unknown.
	RetryAt time.Time
	// Code is a short machine-readable reason such as "auth_broken"; empty when Kind says enough.
	Code string
	// Err is the cause, kept for the log and never shown.
	Err error
}

// Errorf returns an *Error of the given kind with a message for people.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Invalid returns an ErrInvalid that names one field.
func Invalid(field, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	return &Error{Kind: ErrInvalid, Message: field + ": " + message, Fields: []FieldError{{Field: field, Message: message}}}
}

// Error implements error.
func (e *Error) Error() string {
	if e.Message == "" {
		return string(e.Kind)
	}
	return e.Message
}

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && kind == e.Kind
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of err, or "" when err is internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if k, ok := errors.AsType[Kind](err); ok {
		return k
	}
	return ""
}

// RetryAt returns the time before which retrying err is useless, or zero.
func RetryAt(err error) time.Time {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAt
	}
	return time.Time{}
}

// problems collects the refused fields of one input, so that a person sees
// every mistake at once and nothing is written when any part is refused.
type problems []FieldError

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (p *problems) addErr(field string, err error) {
	if err == nil {
		return
	}
	var e *Error
	if errors.As(err, &e) && len(e.Fields) > 0 {
		*p = append(*p, e.Fields...)
		return
	}
	p.add(field, "%s", err.Error())
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	texts := make([]string, len(p))
	for i, f := range p {
		texts[i] = f.Field + ": " + f.Message
	}
	return &Error{Kind: ErrInvalid, Message: strings.Join(texts, "; "), Fields: p}
}
