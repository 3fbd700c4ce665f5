package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// SaltSize is the length of the random salt of one commitment in bytes.
const SaltSize = 32

// Commit returns SHA-256(0x02 ‖ salt ‖ length of name ‖ name ‖ text), the
// length as four bytes, big end first. Whoever has no salt learns nothing about
// the text; deleting text and salt leaves every proof valid.
func Commit(salt []byte, name, text string) Value {
	sum := sha256.Sum256(append(committed(make([]byte, 0, 1+SaltSize+4+len(name)+len(text)), salt, name), text...))
	return Value("#" + hex.EncodeToString(sum[:]))
}

// committed appends what stands before the text in what Commit hashes.
func committed(b, salt []byte, name string) []byte {
	b = append(append(b, 2), salt...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(name)))
	return append(b, name...)
}

// clearFields are the fields whose values stand in leaves as they are: words
// of ours, dates and keys. Whatever is not named here is committed.
func clearField(name string) bool {
	switch name {
	case "incident", "kind", "priority", "team", "due_on", "original_due_on", "status", "status_unknown", "closure_reason", "duplicate_of", "risk_accepted_until", "verdict",
		"severity", "started_at", "detected_at", "mitigated_at", "resolved_at", "recurrence_of", "created_at", "done_at", "role", "disabled",
		"revoked", "removed", "paused":
		return true
	}
	return false
}

// Origin is what the log adds to a history row to make it a leaf.
type Origin struct {
	Log  string // name of the log
	App  string // version of the program
	Prev int64  // index of the subject's previous leaf, see Leaf.Prev
	// Alias replaces the key of a person, which may hold a name.
	Alias func(key string) string
	// Random fills a slice with random bytes.
	Random func([]byte)
}

// NewLeaf makes the leaf of one history row, and the salts of its commitments,
// one after the other in the order of the leaf.
func NewLeaf(c domain.Change, o Origin) (Leaf, []byte) {
	l := Leaf{Log: o.Log, Kind: string(c.Kind), Subject: string(c.Subject), Key: aliased(c, o.Alias), Seq: c.SubjectSeq, Prev: o.Prev,
		Time: c.At, ExtTime: c.ExternalTime, Source: string(c.Source), Overwritten: c.Overwritten, App: o.App}
	o.Random(l.Nonce[:])
	var salts []byte
	value := func(name, text string, open bool) Value {
		switch {
		case text == "":
			return ""
		case open && plain(text):
			return Value("=" + text)
		}
		salts = append(salts, make([]byte, SaltSize)...)
		salt := salts[len(salts)-SaltSize:]
		o.Random(salt)
		return Commit(salt, name, text)
	}
	l.Actor = value("actor", c.Actor, c.Source == domain.FromSystem)
	l.OnBehalf = value("on-behalf", string(c.OnBehalf), true)
	l.Ext = value("ext", c.External, false)
	l.Request = value("request", c.Request, false)
	for _, f := range rowFields(c) {
		open := clearField(f.Field) || c.Kind == domain.ChangeErase
		l.Fields = append(l.Fields, Field{Name: f.Field, From: value(f.Field+"/from", f.From, open), To: value(f.Field+"/to", f.To, open)})
	}
	l.Reason = value("reason", c.Reason, c.Kind == domain.ChangeErase)
	return l, salts
}

func aliased(c domain.Change, alias func(string) string) string {
	if c.Subject == domain.SubjectPerson && alias != nil {
		return alias(c.Key)
	}
	return c.Key
}

// rowFields are the values of a history row by field: a creation is one row
// with all fields, and each gets a value of its own so that it can be erased alone.
func rowFields(c domain.Change) []domain.FieldChange {
	if c.Kind != domain.ChangeCreate {
		name := c.Field
		if name == "" {
			name = "value"
		}
		return []domain.FieldChange{{Field: token(name), From: c.From, To: c.To}}
	}
	created, err := c.Created()
	if err != nil {
		return []domain.FieldChange{{Field: "value", From: c.From, To: c.To}}
	}
	out := make([]domain.FieldChange, 0, len(created))
	for name, text := range created {
		out = append(out, domain.FieldChange{Field: token(name), To: text})
	}
	slices.SortFunc(out, func(a, b domain.FieldChange) int { return strings.Compare(a.Field, b.Field) })
	return out
}

// Opening is the text and salt behind one commitment.
type Opening struct {
	Name string // its place in the leaf, for example "title/to"
	Salt []byte
	Text string
}

// Openings returns what opens the commitments of a leaf, from the history row
// and its salts. An erased value, whose salt is zero, has none; one that does
// not open is returned as it is, for the verifier to refuse.
func Openings(l Leaf, c domain.Change, salts []byte) []Opening {
	known := texts(c)
	var out []Opening
	for _, v := range l.values() {
		if !v.Value.Committed() {
			continue
		}
		if len(salts) < SaltSize {
			break
		}
		salt := salts[:SaltSize:SaltSize]
		salts = salts[SaltSize:]
		if !isZero(salt) {
			out = append(out, Opening{Name: v.Name, Salt: salt, Text: known[v.Name]})
		}
	}
	return out
}

// texts are the values of a history row by their place in the leaf.
func texts(c domain.Change) map[string]string {
	out := map[string]string{"actor": c.Actor, "on-behalf": string(c.OnBehalf), "ext": c.External, "request": c.Request, "reason": c.Reason}
	for _, f := range rowFields(c) {
		out[f.Field+"/from"], out[f.Field+"/to"] = f.From, f.To
	}
	return out
}

// Erase empties the values of a history row that match and their salts. It
// returns how many there were; the row's leaf stays as it is.
func Erase(l Leaf, c *domain.Change, salts []byte, match func(name string) bool) int {
	n, at := 0, 0
	created, _ := c.Created()
	for _, v := range l.values() {
		if !v.Value.Committed() {
			continue
		}
		if at+SaltSize > len(salts) {
			break
		}
		salt := salts[at : at+SaltSize]
		at += SaltSize
		if isZero(salt) || !match(v.Name) {
			continue
		}
		clear(salt)
		n++
		eraseText(c, created, v.Name)
	}
	if created != nil && n > 0 {
		c.To = domain.CreatedText(created)
	}
	return n
}

func eraseText(c *domain.Change, created map[string]string, name string) {
	switch name {
	case "actor":
		c.Actor = "erased"
	case "on-behalf":
		c.OnBehalf = ""
	case "ext":
		c.External = ""
	case "request":
		c.Request = ""
	case "reason":
		c.Reason = ""
	default:
		field, side, _ := strings.Cut(name, "/")
		switch {
		case created != nil:
			for known := range created {
				if token(known) == field {
					delete(created, known)
				}
			}
		case side == "from":
			c.From = ""
		default:
			c.To = ""
		}
	}
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// LogLeaf makes a leaf about the log itself: its data in clear, each value of
// characters that need no escaping.
func LogLeaf(kind string, o Origin, now time.Time, data ...Field) Leaf {
	l := Leaf{Log: o.Log, Kind: kind, Prev: -1, Time: now, Source: string(domain.FromSystem), Fields: data, App: o.App}
	o.Random(l.Nonce[:])
	return l
}

// Datum is one value of a leaf about the log itself.
func Datum(name, text string) Field { return Field{Name: name, To: Value("=" + token(text))} }

// ErasedField is the history row that says that values of a field were erased:
// how many, and never which.
func ErasedField(field string, n int) domain.FieldChange {
	return domain.FieldChange{Kind: domain.ChangeErase, Field: field, To: strconv.Itoa(n)}
}

// CheckRow holds a leaf against the history row that is stored beside it and
// returns how many values were erased.
func CheckRow(l Leaf, c domain.Change, salts []byte) (erased int, err error) {
	if l.Subject != string(c.Subject) || l.Seq != c.SubjectSeq || l.Kind != string(c.Kind) || l.Source != string(c.Source) ||
		!l.Time.Equal(c.At) || !l.ExtTime.Equal(c.ExternalTime) || l.Overwritten != c.Overwritten || c.Subject != domain.SubjectPerson && l.Key != c.Key {
		return 0, errors.New("its place, time, kind or source differ")
	}
	opened := map[string]bool{}
	for _, o := range Openings(l, c, salts) {
		opened[o.Name] = true
		for _, v := range l.values() {
			if v.Name == o.Name && Commit(o.Salt, o.Name, o.Text) != v.Value {
				return 0, fmt.Errorf("%s is another text", o.Name)
			}
		}
	}
	inClear := texts(c)
	for _, v := range l.values() {
		switch {
		case v.Value.Committed():
			if !opened[v.Name] {
				erased++
			}
		case v.Value.Clear() != inClear[v.Name]:
			return 0, fmt.Errorf("%s is another value", v.Name)
		}
	}
	return erased, nil
}
