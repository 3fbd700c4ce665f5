package evidence

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// MaxLeaf bounds the bytes of one leaf, so that it fits an entry bundle of C2SP.
const MaxLeaf = 65535

// The kinds of leaves that are about the log itself. Leaves of changes have
// the kinds of domain.ChangeKind.
const (
	// KindSeal is leaf 0: it says how many history rows were written before the log.
	KindSeal = "seal"
	// KindIndex holds the root over the last leaf of every subject.
	KindIndex = "index"
	// KindPack is an index that also holds the hash of a pack's content.
	KindPack = "pack"
	// KindEpoch says that the database was restored to an earlier state.
	KindEpoch = "epoch"
	// KindKey names the key that signs after the present one.
	KindKey = "key"
)

// Leaf is one entry of the log. Its encoded bytes are what is hashed; nobody
// ever encodes a stored leaf again except to check that it is canonical.
type Leaf struct {
	Log  string // the name of the log
	Kind string
	// Subject, Key and Seq name the change: the n-th of this subject. They are
	// empty in leaves about the log itself.
	Subject string
	Key     string
	Seq     int64
	// Prev is the index of the subject's previous leaf. It is 0, the seal, when
	// earlier rows were written before the log, and -1 when there are none.
	Prev     int64
	Time     time.Time // of the server
	ExtTime  time.Time // of the tracker; zero when none
	Source   string
	Actor    Value
	OnBehalf Value
	Ext      Value
	Request  Value
	Fields   []Field
	Reason   Value
	// Overwritten marks the losing value of a conflict.
	Overwritten bool
	App         string
	Nonce       [16]byte // keeps a bare leaf hash from revealing anything
}

// Field is one changed value.
type Field struct {
	Name     string
	From, To Value
}

// Value is a text of a leaf: "" for none, "=open" for a text in clear, or "#"
// and 64 hexadecimal digits for a commitment to a text.
type Value string

// Clear returns the text of a value in clear.
func (v Value) Clear() string {
	if strings.HasPrefix(string(v), "=") {
		return string(v[1:])
	}
	return ""
}

// Committed reports whether the value is a commitment.
func (v Value) Committed() bool { return strings.HasPrefix(string(v), "#") }

func (v Value) ok() bool {
	switch {
	case v == "":
		return true
	case v[0] == '=':
		return len(v) > 1 && len(v) <= maxClear && only(plainBytes, string(v[1:]))
	case v[0] == '#' && len(v) == 65:
		return only(hexDigits, string(v[1:]))
	}
	return false
}

// maxClear bounds a value in clear: a reason of 500 bytes, each escaped, fits.
const maxClear = 2048

// plain reports whether a text of ours can stand in a leaf as it is.
func plain(s string) bool { return len(s) > 0 && len(s) <= 128 && only(plainBytes, s) }

// charset is a set of bytes. Looking a byte up is faster than comparing it
// where a processor cannot guess the outcome, as with digits of a hash.
type charset [256]bool

func newCharset(chars string) *charset {
	var c charset
	for i := range len(chars) {
		c[chars[i]] = true
	}
	return &c
}

//nolint:gochecknoglobals // tables
var (
	hexDigits  = newCharset("0123456789abcdef")
	plainBytes = newCharset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:+-/%~")
)

func only(set *charset, s string) bool {
	for i := range len(s) {
		if !set[s[i]] {
			return false
		}
	}
	return true
}

// token makes any text plain, reversibly.
func token(s string) string {
	if !strings.ContainsFunc(s, escaped) { // nearly all; a replacer costs more than the rest of a leaf
		return s
	}
	return strings.NewReplacer("&", "%26", "=", "%3D", "$", "%24", "@", "%40").Replace(url.PathEscape(s))
}

func escaped(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.' && r != '~' && r != '+' && r != ':'
}

const timeFormat = "2006-01-02T15:04:05.000000Z"

// Encode returns the canonical bytes: one "name value" per line, in a fixed
// order, absent values left out.
func (l Leaf) Encode() ([]byte, error) {
	b := l.appendTo(make([]byte, 0, 640))
	if len(b) > MaxLeaf {
		return nil, fmt.Errorf("a leaf of %d bytes is longer than %d", len(b), MaxLeaf)
	}
	return b, nil
}

func (l *Leaf) appendTo(b []byte) []byte {
	line := func(name, value string) {
		if value != "" {
			b = append(append(append(append(b, name...), ' '), value...), '\n')
		}
	}
	b = append(b, "followthrough leaf v1\n"...)
	line("log", l.Log)
	line("kind", l.Kind)
	if l.Subject != "" {
		line("subject", l.Subject)
		line("key", token(l.Key))
		line("seq", strconv.FormatInt(l.Seq, 10))
		line("prev", strconv.FormatInt(l.Prev, 10))
	}
	b = append(l.Time.UTC().AppendFormat(append(b, "time "...), timeFormat), '\n')
	if !l.ExtTime.IsZero() {
		b = append(l.ExtTime.UTC().AppendFormat(append(b, "ext-time "...), timeFormat), '\n')
	}
	line("source", l.Source)
	line("actor", string(l.Actor))
	line("on-behalf", string(l.OnBehalf))
	line("ext", string(l.Ext))
	line("request", string(l.Request))
	for _, f := range l.Fields {
		b = append(append(append(b, "field "...), f.Name...), ' ')
		b = append(append(append(b, orDash(f.From)...), ' '), orDash(f.To)...)
		b = append(b, '\n')
	}
	line("reason", string(l.Reason))
	if l.Overwritten {
		line("overwritten", "yes")
	}
	line("app", token(l.App))
	return append(hex.AppendEncode(append(b, "nonce "...), l.Nonce[:]), '\n')
}

func orDash(v Value) string {
	if v == "" {
		return "-"
	}
	return string(v)
}

func dash(s string) Value {
	if s == "-" {
		return ""
	}
	return Value(s)
}

// ParseLeaf reads encoded bytes and refuses every form but the canonical one.
func ParseLeaf(data []byte) (Leaf, error) {
	l, _, err := parseLeaf(data, nil)
	return l, err
}

// parseLeaf is ParseLeaf with a buffer for encoding the leaf again, which it
// returns to be used for the next one.
func parseLeaf(data, buffer []byte) (Leaf, []byte, error) {
	l, err := readLeaf(data)
	if err != nil {
		return l, buffer, err
	}
	if buffer = l.appendTo(buffer[:0]); !bytes.Equal(buffer, data) {
		return l, buffer, fmt.Errorf("the leaf is not in its canonical form")
	}
	return l, buffer, nil
}

func readLeaf(data []byte) (Leaf, error) {
	l := Leaf{Prev: -1}
	rest, ok := strings.CutPrefix(string(data), "followthrough leaf v1\n")
	if !ok || len(data) > MaxLeaf {
		return l, fmt.Errorf("this is not a leaf of version 1")
	}
	for rest != "" {
		line, after, ok := strings.Cut(rest, "\n")
		if !ok {
			return l, fmt.Errorf("the last line has no end")
		}
		rest = after
		name, value, _ := strings.Cut(line, " ")
		if err := l.set(name, value); err != nil {
			return l, err
		}
	}
	for _, v := range [...]named{{"actor", l.Actor}, {"on-behalf", l.OnBehalf}, {"ext", l.Ext}, {"request", l.Request}, {"reason", l.Reason}} {
		if !v.Value.ok() {
			return l, v.refused()
		}
	}
	for _, f := range l.Fields {
		for _, v := range [...]named{{f.Name, f.From}, {f.Name, f.To}} {
			if !v.Value.ok() {
				return l, v.refused()
			}
		}
	}
	return l, nil
}

func (l *Leaf) set(name, value string) (err error) {
	switch name {
	case "log":
		l.Log = value
	case "kind":
		l.Kind = value
	case "subject":
		l.Subject = value
	case "key":
		l.Key, err = url.PathUnescape(value)
	case "seq":
		l.Seq, err = strconv.ParseInt(value, 10, 64)
	case "prev":
		l.Prev, err = strconv.ParseInt(value, 10, 64)
	case "time":
		l.Time, err = time.Parse(timeFormat, value)
	case "ext-time":
		l.ExtTime, err = time.Parse(timeFormat, value)
	case "source":
		l.Source = value
	case "actor":
		l.Actor = Value(value)
	case "on-behalf":
		l.OnBehalf = Value(value)
	case "ext":
		l.Ext = Value(value)
	case "request":
		l.Request = Value(value)
	case "field":
		name, values, _ := strings.Cut(value, " ")
		from, to, ok := strings.Cut(values, " ")
		if !ok || strings.Contains(to, " ") {
			return fmt.Errorf("field: %.80q has not three parts", value)
		}
		l.Fields = append(l.Fields, Field{name, dash(from), dash(to)})
	case "reason":
		l.Reason = Value(value)
	case "overwritten":
		l.Overwritten = value == "yes"
	case "app":
		l.App, err = url.PathUnescape(value)
	case "nonce":
		if len(value) != 32 {
			return fmt.Errorf("nonce: %.80q has not 32 digits", value)
		}
		_, err = hex.Decode(l.Nonce[:], []byte(value))
	default:
		return fmt.Errorf("%.80q is not a line of a leaf", name)
	}
	if err != nil {
		return fmt.Errorf("%s: %.80q cannot be read", name, value)
	}
	return nil
}

// named is a value with its place in the leaf: "actor", "title/from".
type named struct {
	Name  string
	Value Value
}

func (v named) refused() error { return fmt.Errorf("%s: %.80q is no value", v.Name, string(v.Value)) }

// values lists every value in the order of the leaf.
func (l *Leaf) values() []named { return l.appendValues(make([]named, 0, 5+2*len(l.Fields))) }

func (l *Leaf) appendValues(out []named) []named {
	out = append(out, named{"actor", l.Actor}, named{"on-behalf", l.OnBehalf}, named{"ext", l.Ext}, named{"request", l.Request})
	for _, f := range l.Fields {
		out = append(out, named{f.Name + "/from", f.From}, named{f.Name + "/to", f.To})
	}
	return append(out, named{"reason", l.Reason})
}

// Data returns the value in clear of a leaf about the log itself.
func (l *Leaf) Data(name string) string {
	for _, f := range l.Fields {
		if f.Name == name {
			return f.To.Clear()
		}
	}
	return ""
}

// Said is Data as it was written by Datum, before it was escaped.
func (l *Leaf) Said(name string) string {
	text, err := url.PathUnescape(l.Data(name))
	if err != nil {
		return l.Data(name)
	}
	return text
}
