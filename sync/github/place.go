package github

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// ready makes sure that the repository's immutable id is known, so that no
// request below goes by a name that may have been given to another repository.
func (t *Tracker) ready(ctx context.Context) error {
	if t.knownPlace() != "" {
		return nil
	}
	_, _, err := t.readRepository(ctx)
	return err
}

// writable is ready for writes: they do not go where everybody could read what
// incidents say, unless that is allowed (T73).
func (t *Tracker) writable(ctx context.Context) error {
	if err := t.ready(ctx); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.public && !t.cfg.Tracker.AllowPublic {
		return &domain.Error{Kind: domain.ErrForbidden, Code: "public", Message: t.cfg.Tracker.Repository +
			" is public: everybody could read what incidents say; make it private, or allow public repositories for this tracker"}
	}
	return nil
}

// noteVisibility remembers who can read the repository.
func (t *Tracker) noteVisibility(public bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.public = public
}

// repository is the path of the configured repository. Its immutable id is
// used once it is known: a rename then changes nothing for us.
func (t *Tracker) repository() string {
	if place := t.knownPlace(); place != "" {
		return "repositories/" + place
	}
	return t.named()
}

// named is the path by name.
func (t *Tracker) named() string {
	owner, name, _ := strings.Cut(t.cfg.Tracker.Repository, "/")
	return "repos/" + url.PathEscape(owner) + "/" + url.PathEscape(name)
}

func (t *Tracker) knownPlace() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.place
}

func (t *Tracker) learnPlace(place string) {
	if !digits.MatchString(place) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.place = place
}

// issuePath addresses an issue of a link by immutable ids (T17).
func (t *Tracker) issuePath(ref domain.RemoteRef) (string, error) {
	if ref.Number <= 0 {
		return "", domain.Invalid("issue", "%q has no number", ref.Key)
	}
	at := t.repository()
	if digits.MatchString(ref.Place) {
		at = "repositories/" + ref.Place
	}
	return at + "/issues/" + strconv.Itoa(ref.Number), nil
}

// absent looks behind a not-found of an issue: when the whole repository cannot
// be read, it says nothing about the issue (T65).
func (t *Tracker) absent(ctx context.Context, err error) error {
	if !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	if _, _, unreadable := t.readRepository(ctx); unreadable != nil {
		return unreadable
	}
	return err
}

func (t *Tracker) placeOf(ref domain.RemoteRef) string {
	if ref.Place != "" {
		return ref.Place
	}
	return t.knownPlace()
}
