package notify_test

import (
	"bytes"
	"io"
	"mime"
	"mime/quotedprintable"
	"testing"
)

func decoded(t *testing.T, header string) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// quoted reads a raw mail as if all of it were quoted-printable.
func quoted(t *testing.T, raw []byte) string {
	t.Helper()
	text, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(raw)))
	if err != nil && len(text) == 0 {
		t.Fatal(err)
	}
	return string(text)
}
