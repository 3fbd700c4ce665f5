package evidence

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxCheckpoint bounds a checkpoint file in bytes.
const MaxCheckpoint = 64 << 10

// Checkpoint is the signed head of the log: three lines of text in a signed
// note, as C2SP tlog-checkpoint describes it.
type Checkpoint struct {
	Origin string // the name of the log, and "/epoch-N" after a restore
	Size   int64
	Root   tlog.Hash
	Note   []byte // the signed text
}

// LogHead is the log as it is stored now, not signed.
type LogHead struct {
	Name      string
	Epoch     int64
	EpochLeaf int64 // the leaf that tells of the epoch, when it is not the first
	Size      int64
	Root      tlog.Hash
	Key       string // the public key, NAME+HASH+KEY; empty before the first signature
	// Former are the public keys that signed before, oldest first.
	Former []FormerKey
}

// FormerKey is a key that signs no more. Announcement is the head in which it
// signed the leaf that names the key after it.
type FormerKey struct{ Key, Announcement string }

// Keys are the present public key and those before it, one per line.
func (h LogHead) Keys() string {
	keys := []string{h.Key}
	for _, f := range h.Former {
		keys = append(keys, f.Key)
	}
	return strings.Join(keys, "\n")
}

// Keys verify the signatures of one log: its key, and those that signed before.
type Keys struct {
	name string
	list []note.Verifier
}

// ParseKeys reads public keys of one log with space between.
func ParseKeys(text string) (Keys, error) {
	var k Keys
	for _, part := range slices.Compact(slices.Sorted(slices.Values(strings.Fields(text)))) {
		v, err := note.NewVerifier(part)
		if err != nil {
			return k, fmt.Errorf("the key is not of the form NAME+HASH+KEY: %w", err)
		}
		if k.name != "" && k.name != v.Name() {
			return k, fmt.Errorf("the keys are of two logs, %q and %q", k.name, v.Name())
		}
		k.name, k.list = v.Name(), append(k.list, v)
	}
	if k.name == "" {
		return k, errors.New("the key is not of the form NAME+HASH+KEY: it is empty")
	}
	return k, nil
}

// Name is that of the log.
func (k Keys) Name() string { return k.name }

// OriginOf names the log in checkpoints of an epoch; the first is 0.
func OriginOf(log string, epoch int64) string {
	if epoch == 0 {
		return log
	}
	return log + "/epoch-" + strconv.FormatInt(epoch, 10)
}

// EpochOf reads the epoch from an origin; ok is false for another log.
func EpochOf(log, origin string) (epoch int64, ok bool) {
	if origin == log {
		return 0, true
	}
	text, ok := strings.CutPrefix(origin, log+"/epoch-")
	if !ok {
		return 0, false
	}
	epoch, err := strconv.ParseInt(text, 10, 64)
	return epoch, err == nil && OriginOf(log, epoch) == origin && epoch > 0
}

// Signer signs checkpoints.
type Signer = note.Signer

// NewSigner reads the secret key of a log.
func NewSigner(key string) (Signer, error) { return note.NewSigner(key) }

// Sign signs a tree's head.
func Sign(signer note.Signer, epoch, size int64, root tlog.Hash) (Checkpoint, error) {
	c := Checkpoint{Origin: OriginOf(signer.Name(), epoch), Size: size, Root: root}
	signed, err := note.Sign(&note.Note{Text: c.text()}, signer)
	c.Note = signed
	return c, err
}

func (c Checkpoint) text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

// OneLine writes a checkpoint with one signature as one line, for places that
// keep no line breaks.
func OneLine(signed []byte) string { return strings.Join(strings.Fields(string(signed)), " ") }

// lines brings a checkpoint of OneLine into its own form.
func lines(signed []byte) []byte {
	parts := strings.Fields(string(signed))
	if len(parts) != 6 || parts[3] != "—" || bytes.Contains(bytes.TrimSpace(signed), []byte("\n")) {
		return signed
	}
	return []byte(strings.Join(parts[:3], "\n") + "\n\n" + strings.Join(parts[3:], " ") + "\n")
}

// OpenCheckpoint reads a checkpoint that one of the keys has signed, also one on a single line. Other signatures
// beside it, such as those of witnesses, are ignored.
func OpenCheckpoint(signed []byte, keys Keys) (Checkpoint, error) {
	if len(signed) > MaxCheckpoint {
		return Checkpoint{}, fmt.Errorf("the checkpoint has %d bytes; at most %d are read", len(signed), MaxCheckpoint)
	}
	signed = lines(signed)
	n, err := note.Open(signed, note.VerifierList(keys.list...))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("the checkpoint is not signed by the key %s: %w", keys.name, err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 {
		return Checkpoint{}, fmt.Errorf("the checkpoint has not three lines")
	}
	c := Checkpoint{Origin: lines[0], Note: bytes.Clone(signed)}
	if _, ok := EpochOf(keys.name, c.Origin); !ok {
		return c, fmt.Errorf("the checkpoint is of the log %q and the key of %q", c.Origin, keys.name)
	}
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 {
		return c, fmt.Errorf("the size %.40q of the checkpoint is not a number", lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return c, fmt.Errorf("the root of the checkpoint is not a hash")
	}
	c.Root = tlog.Hash(root)
	if c.text() != n.Text {
		return c, fmt.Errorf("the checkpoint is not in its canonical form")
	}
	return c, nil
}

// openOwn opens the checkpoint of a pack: exactly one signature, in canonical
// form, because every byte of a pack must matter.
func openOwn(signed []byte, keys Keys) (Checkpoint, error) {
	c, err := OpenCheckpoint(signed, keys)
	if err != nil {
		return c, err
	}
	prefix := c.text() + "\n— " + keys.name + " "
	line, ok := strings.CutPrefix(string(signed), prefix)
	line, end := strings.CutSuffix(line, "\n")
	if !ok || !end {
		return c, fmt.Errorf("the checkpoint of a pack has one signature and nothing else")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(line)
	if err != nil || base64.StdEncoding.EncodeToString(raw) != line {
		return c, fmt.Errorf("the signature of the checkpoint is not in its canonical form")
	}
	return c, nil
}
