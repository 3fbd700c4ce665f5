package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxOpening bounds a line of openings.txt in bytes: the longest text of the
// program and its place.
const maxOpening = 4 << 20

var errOpening = errors.New("openings.txt has a line that cannot be read") //nolint:gochecknoglobals // a sentinel

// openingLines reads openings.txt beside the leaves: its lines are in the same
// order.
type openingLines struct {
	in   *bufio.Scanner
	next []byte // the line to come, nil behind the last
	leaf int64  // of that line
	err  error
}

func newOpeningLines(r io.Reader) *openingLines {
	o := &openingLines{in: bufio.NewScanner(r)}
	o.in.Buffer(make([]byte, 1<<16), maxOpening)
	o.advance()
	return o
}

func (o *openingLines) advance() {
	o.next = nil
	if !o.in.Scan() {
		if o.in.Err() != nil {
			o.err = errors.New("openings.txt cannot be read")
		}
		return
	}
	number, _, _ := bytes.Cut(o.in.Bytes(), []byte(" "))
	leaf, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		o.err = errOpening
		return
	}
	o.next, o.leaf = o.in.Bytes(), leaf
}

// upto appends the lines of leaves up to one, each with its end, to a buffer.
func (o *openingLines) upto(leaf int64, buffer []byte) ([]byte, error) {
	for o.next != nil && o.leaf <= leaf {
		buffer = append(append(buffer, o.next...), '\n')
		o.advance()
	}
	return buffer, o.err
}

// end reports lines behind those of the last leaf.
func (o *openingLines) end() error {
	if o.err == nil && o.next != nil {
		return unopenable(o.next)
	}
	return o.err
}

// unopenable is the refusal of a line that opens nothing in the pack.
func unopenable(line []byte) error {
	leaf, rest, _ := bytes.Cut(line, []byte(" "))
	place, _, _ := bytes.Cut(rest, []byte(" "))
	return fmt.Errorf("openings.txt opens %.60q of leaf %.20s, which the pack does not have", place, leaf)
}

// opener checks the openings of one leaf after the other. Its buffers are used
// again, since there are millions.
type opener struct {
	values   []named
	hashed   []byte
	openings []Opening // of all leaves
}

// open takes the openings of a leaf from the front of lines, checks them
// against its commitments, and returns the places of those that stay closed
// and the lines that are left.
func (o *opener) open(r *Record, lines []byte) (missing []string, left []byte, err error) {
	o.values = r.Leaf.appendValues(o.values[:0])
	first := len(o.openings)
	for _, v := range o.values {
		if !v.Value.Committed() {
			continue
		}
		line, rest, _ := bytes.Cut(lines, []byte("\n"))
		leaf, line, _ := bytes.Cut(line, []byte(" "))
		place, line, _ := bytes.Cut(line, []byte(" "))
		if string(leaf) != strconv.FormatInt(r.Index, 10) || string(place) != v.Name {
			missing = append(missing, v.Name)
			continue
		}
		text, err := o.text(v, line)
		if err != nil {
			return nil, nil, err
		}
		o.openings = append(o.openings, Opening{Name: v.Name, Text: text})
		lines = rest
	}
	r.Openings = o.openings[first:]
	return missing, lines, nil
}

// text reads the salt and the text of a line, in their one canonical form, and
// checks that they are what a value commits to.
func (o *opener) text(v named, line []byte) (string, error) {
	digits, encoded, _ := bytes.Cut(line, []byte(" "))
	var salt [SaltSize]byte
	if n, err := hex.Decode(salt[:], digits[:min(len(digits), 2*SaltSize)]); err != nil || n != SaltSize || len(digits) != 2*SaltSize {
		return "", errOpening
	}
	o.hashed = committed(o.hashed[:0], salt[:], v.Name)
	front := len(o.hashed)
	var err error
	if o.hashed, err = base64.StdEncoding.Strict().AppendDecode(o.hashed, encoded); err != nil || base64.StdEncoding.EncodedLen(len(o.hashed)-front) != len(encoded) {
		return "", errOpening
	}
	sum := sha256.Sum256(o.hashed)
	var want [sha256.Size]byte
	if _, err := hex.Decode(want[:], []byte(v.Value[1:])); err != nil || sum != want {
		return "", fmt.Errorf("the text of %s is not the one that was committed to", v.Name)
	}
	return string(o.hashed[front:]), nil
}
