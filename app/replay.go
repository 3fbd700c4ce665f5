package app

import (
	"errors"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// replayed reports whether a create was refused because the same idempotency
// key already made something, and what it made: the first answer is given
// again. The store names the subject in Fields, see CodeReplay.
func replayed(err error) (key string, ok bool) {
	var e *domain.Error
	if !errors.As(err, &e) || e.Code != CodeReplay || len(e.Fields) == 0 {
		return "", false
	}
	return e.Fields[0].Message, true
}

// The codes of the store's answers to a repeated idempotency key.
const (
	// CodeReplay: the same key and body came before; Fields[0].Message is the key of what was made.
	CodeReplay = "idempotent_replay"
	// CodeMismatch: the key was used before with another body.
	CodeMismatch = "idempotency_mismatch"
)

func join(names []string) string { return strings.Join(names, ", ") }
