package imports

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/followthrough/followthrough/domain"
)

// windows1252 is the one legacy encoding that can be declared: what a German
// Excel writes as "CSV".
const windows1252 = "windows-1252"

// unreadable is what a decoder puts where it found no character.
const unreadable = '\uFFFD'

// decode turns a file into UTF-8 with LF line ends. A byte order mark is
// certain, a declared charset is a statement; everything else that is not
// UTF-8 is refused, for guessing would change names silently.
func decode(name string, data []byte, charset string) (string, error) {
	if charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, windows1252) {
		return "", domain.Errorf(domain.ErrInvalid, "charset %q is not known; use utf-8 or %s", short(charset), windows1252)
	}
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		decoded, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		if err != nil || bytes.ContainsRune(decoded, unreadable) {
			return "", domain.Errorf(domain.ErrInvalid, "%s: starts like UTF-16, but cannot be read as such; save it as UTF-8", name)
		}
		data = decoded
	}
	rest, marked := bytes.CutPrefix(data, []byte("\xEF\xBB\xBF"))
	data = rest
	switch {
	case !marked && strings.EqualFold(charset, windows1252):
		decoded, err := charmap.Windows1252.NewDecoder().Bytes(data)
		if err != nil {
			return "", domain.Errorf(domain.ErrInvalid, "%s: cannot be read as %s; save it as UTF-8", name, windows1252)
		}
		data = decoded
	case !utf8.Valid(data):
		at := invalidAt(data)
		return "", domain.Errorf(domain.ErrInvalid,
			"%s: is not UTF-8 text (byte 0x%02X in line %d); save it as UTF-8, or declare the charset %s if that is what it is",
			name, data[at], 1+bytes.Count(data[:at], []byte("\n")), windows1252)
	}
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return "", domain.Errorf(domain.ErrInvalid,
			"%s: has a NUL byte in line %d, so it is not text, or UTF-16 without a mark; save it as UTF-8", name, 1+bytes.Count(data[:at], []byte("\n")))
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	return strings.ReplaceAll(text, "\r", "\n"), nil
}

func invalidAt(data []byte) int {
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
	return 0
}
