package app

import (
	"context"
	"crypto/rand"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// Request is what is known about the call behind an operation. It travels in
// the context because it belongs to the call and to no operation.
type Request struct {
	// ID is the request or job id that goes to the history.
	ID string
	// Idempotency makes the one create of the call repeatable.
	Idempotency domain.Idempotency
}

type requestKey struct{}

// WithRequest returns a context that carries the request.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

func requestOf(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}

// attribution says who does this and why.
func attribution(ctx context.Context, by domain.Actor, reason string) domain.Attribution {
	a := domain.By(by, reason)
	a.Request = requestOf(ctx).ID
	return a
}

// creation is the attribution of a create: it carries the idempotency key.
func creation(ctx context.Context, by domain.Actor, reason string) domain.Attribution {
	a := attribution(ctx, by, reason)
	a.Idempotency = requestOf(ctx).Idempotency
	return a
}

// newID returns a random id with a readable prefix. It is unguessable, but it
// is a name and not a secret.
func newID(prefix string) string {
	return prefix + strings.ToLower(rand.Text()[:20])
}
