package evidence

import (
	"bufio"
	"bytes"
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

// openingReader reads openings.txt beside the leaves: its lines are in the
// same order.
type openingReader struct {
	in   *bufio.Scanner
	err  error
	leaf int64
	next Opening
	done bool
}

func newOpeningReader(r io.Reader) *openingReader {
	o := &openingReader{in: bufio.NewScanner(r)}
	o.in.Buffer(make([]byte, 1<<16), maxOpening)
	o.advance()
	return o
}

func (o *openingReader) advance() {
	if !o.in.Scan() {
		o.done, o.err = true, o.in.Err()
		return
	}
	parts := bytes.Split(o.in.Bytes(), []byte(" "))
	if len(parts) != 4 || len(parts[2]) != 2*SaltSize {
		o.fail()
		return
	}
	leaf, err := strconv.ParseInt(string(parts[0]), 10, 64)
	if err != nil {
		o.fail()
		return
	}
	salt := make([]byte, SaltSize)
	if _, err := hex.Decode(salt, parts[2]); err != nil {
		o.fail()
		return
	}
	text := make([]byte, base64.StdEncoding.DecodedLen(len(parts[3])))
	n, err := base64.StdEncoding.Decode(text, parts[3])
	if err != nil {
		o.fail()
		return
	}
	o.leaf, o.next = leaf, Opening{Name: string(parts[1]), Salt: salt, Text: string(text[:n])}
}

func (o *openingReader) fail() {
	o.done, o.err = true, errors.New("openings.txt has a line that cannot be read")
}

// of takes the openings of one leaf, checks them, and returns the places of
// the commitments that stay closed.
func (o *openingReader) of(r *Record) (missing []string, err error) {
	for _, v := range r.Leaf.values() {
		if !v.Value.Committed() {
			continue
		}
		if o.done || o.leaf != r.Index || o.next.Name != v.Name {
			missing = append(missing, v.Name)
			continue
		}
		if Commit(o.next.Salt, v.Name, o.next.Text) != v.Value {
			return nil, fmt.Errorf("the text of %s is not the one that was committed to", v.Name)
		}
		r.Openings = append(r.Openings, o.next)
		o.advance()
	}
	return missing, o.err
}

// end reports lines that belong to no leaf.
func (o *openingReader) end() error {
	if o.err != nil {
		return errors.New("openings.txt cannot be read")
	}
	if !o.done {
		return fmt.Errorf("openings.txt opens %.60q of leaf %d, which the pack does not have", o.next.Name, o.leaf)
	}
	return nil
}
