package app

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/followthrough/followthrough/domain"
)

type passwordStore interface {
	PersonByEmail(ctx context.Context, email string) (domain.Person, error)
	PasswordHash(ctx context.Context, person domain.PersonID) (string, error)
	SetPassword(ctx context.Context, by domain.Attribution, person domain.PersonID, hash string) error
}

// Lengths of a password in characters. Length is the only rule: what people
// can remember and nobody guesses is long.
const (
	MinPassword = 12
	MaxPassword = 200
)

// SignInWithPassword returns the person with this mail address and password.
// Every reason for refusing reads the same, and an unknown address takes as
// long as a wrong password.
func (s *Access) SignInWithPassword(ctx context.Context, email, password string) (domain.Person, error) {
	person, err := s.Store.PersonByEmail(ctx, strings.TrimSpace(email))
	known := err == nil
	if err != nil && domain.KindOf(err) != domain.ErrNotFound {
		return domain.Person{}, err
	}
	hash := ""
	if known {
		if hash, err = s.Store.PasswordHash(ctx, person.ID); err != nil {
			return domain.Person{}, err
		}
	}
	if !matches(hash, password) || !known || person.Disabled {
		return domain.Person{}, domain.Errorf(domain.ErrUnauthorized, "the mail address or the password is wrong")
	}
	return person, nil
}

// SetPassword gives a person a new password and ends all their sessions. It
// is for the person itself and for administrators.
func (s *Access) SetPassword(ctx context.Context, by domain.Actor, person domain.PersonID, password string) error {
	if by.ID != string(person) {
		if err := by.Require(domain.CanManage); err != nil {
			return err
		}
	}
	if err := CheckPassword(password); err != nil {
		return err
	}
	return s.Store.SetPassword(ctx, attribution(ctx, by, ""), person, hashPassword(password))
}

// ChangePassword is SetPassword for the person itself, who shows the old one.
func (s *Access) ChangePassword(ctx context.Context, by domain.Actor, old, password string) error {
	hash, err := s.Store.PasswordHash(ctx, domain.PersonID(by.ID))
	if err != nil {
		return err
	}
	if !matches(hash, old) {
		return domain.Invalid("old_password", "is wrong")
	}
	return s.SetPassword(ctx, by, domain.PersonID(by.ID), password)
}

// CheckPassword refuses a password that is too short to be safe or too long
// to be meant.
func CheckPassword(password string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < MinPassword:
		return domain.Invalid("password", "has %d characters; use at least %d", n, MinPassword)
	case n > MaxPassword:
		return domain.Invalid("password", "has %d characters; use at most %d", n, MaxPassword)
	}
	return nil
}

// The cost of argon2id: 19 MiB, two passes, one lane. A sign-in takes about
// 30 ms; the slots keep a flood of them from taking all the memory.
const (
	argonMemory = 19 << 10
	argonTime   = 2
	argonLanes  = 1
	argonKey    = 32
	argonPrefix = "$argon2id$v=19$m=19456,t=2,p=1$"
)

var argonSlots = make(chan struct{}, 4) //nolint:gochecknoglobals // the machine's memory is one thing

func derive(password string, salt []byte) []byte {
	argonSlots <- struct{}{}
	defer func() { <-argonSlots }()
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonKey)
}

func hashPassword(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program instead
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("%s%s$%s", argonPrefix, encode(salt), encode(derive(password, salt)))
}

// matches compares in constant time. A missing or foreign hash costs the same
// and never matches.
func matches(hash, password string) bool {
	rest, ours := strings.CutPrefix(hash, argonPrefix)
	saltText, keyText, _ := strings.Cut(rest, "$")
	salt, err := base64.RawStdEncoding.DecodeString(saltText)
	key, errKey := base64.RawStdEncoding.DecodeString(keyText)
	if err != nil || errKey != nil || !ours || len(key) != argonKey {
		salt, key, ours = make([]byte, 16), make([]byte, argonKey), false
	}
	if utf8.RuneCountInString(password) > MaxPassword {
		return false
	}
	return subtle.ConstantTimeCompare(derive(password, salt), key) == 1 && ours
}
