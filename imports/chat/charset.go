package chat

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// toUTF8 turns bytes into text. Valid UTF-8 is taken as such, whatever is
// declared: a mail that says us-ascii and holds UTF-8 is common, the reverse is
// not. Then the declaration counts, and at last Windows-1252, in which every
// byte has a meaning.
func toUTF8(data []byte, charset string) string {
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		if text, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data); err == nil {
			return string(text)
		}
	}
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	if utf8.Valid(data) && !escapes(charset) {
		return string(data)
	}
	if e, err := htmlindex.Get(strings.TrimSpace(charset)); err == nil {
		if text, err := e.NewDecoder().Bytes(data); err == nil {
			return string(text)
		}
	}
	text, _ := charmap.Windows1252.NewDecoder().Bytes(data) // never fails
	return string(text)
}

// escapes names the charsets whose texts are valid ASCII and mean something else.
func escapes(charset string) bool {
	c := strings.ToLower(strings.TrimSpace(charset))
	return strings.HasPrefix(c, "iso-2022") || strings.HasPrefix(c, "utf-16") || c == "hz-gb-2312"
}
