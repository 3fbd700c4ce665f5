package chat

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/followthrough/followthrough/domain"
)

// maxDepth and maxParts bound the parts of one mail.
const (
	maxDepth = 8
	maxParts = 200
)

func (b *builder) mail(name string, data []byte) error {
	m, ok := readMail(data)
	if !ok {
		return refuse("%s is no mail: it has no header", short(name))
	}
	return b.add(m)
}

// mbox reads mails that follow each other, each after a line "From …".
func (b *builder) mbox(data []byte) error {
	data = append([]byte("\n"), bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))...)
	for one := range bytes.SplitSeq(data, []byte("\nFrom ")) {
		_, one, found := bytes.Cut(one, []byte("\n"))
		if !found {
			continue
		}
		m, ok := readMail(bytes.ReplaceAll(one, []byte("\n>From "), []byte("\nFrom ")))
		if !ok {
			b.count("%d mails could not be read")
			continue
		}
		if err := b.add(m); err != nil {
			return err
		}
	}
	return nil
}

// readMail reads one mail. Broken parts are the rule: what is left of a text is
// taken, and a header that cannot be read is missing.
func readMail(data []byte) (domain.Message, bool) {
	header, body := splitMail(data)
	if len(header) == 0 {
		return domain.Message{}, false
	}
	decode := headerDecoder()
	get := func(name string) string {
		value := strings.TrimSpace(header.Get(name))
		if decoded, err := decode.DecodeHeader(value); err == nil {
			value = decoded
		}
		return toUTF8([]byte(value), "")
	}
	m := domain.Message{Channel: "mail", Sender: address(get("From")), At: mailTime(header)}
	var audience []string
	for _, field := range []string{"To", "Cc"} {
		for part := range strings.SplitSeq(get(field), ",") {
			if name := address(part); name != "" && len(audience) < 5 {
				audience = append(audience, name)
			}
		}
	}
	m.Audience = strings.Join(audience, ", ")
	parts := 0
	text, _ := mailText(textproto.MIMEHeader(header), bytes.NewReader(body), 0, &parts)
	m.Statement = strings.TrimSpace(get("Subject") + "\n" + text)
	return m, true
}

// splitMail parts header and body by itself, because the standard reader gives
// a whole mail up for one bad line.
func splitMail(data []byte) (mail.Header, []byte) {
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	header := mail.Header{}
	last := ""
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		if len(bytes.TrimSpace(line)) == 0 {
			return header, rest
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		switch {
		case (line[0] == ' ' || line[0] == '\t') && last != "":
			values := header[last]
			values[len(values)-1] += " " + strings.TrimSpace(string(line))
		case ok && !bytes.ContainsAny(name, " \t") && len(name) > 0:
			last = textproto.CanonicalMIMEHeaderKey(string(name))
			if len(header) < 200 {
				header[last] = append(header[last], strings.TrimSpace(string(value)))
			}
		default:
			last = "" // not a header line: left out
		}
		data = rest
	}
	return header, nil
}

func headerDecoder() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
		e, err := htmlindex.Get(charset)
		if err != nil {
			return nil, err
		}
		return e.NewDecoder().Reader(r), nil
	}}
}

// address is the name of a mail address, or the address itself.
func address(text string) string {
	text = strings.TrimSpace(text)
	if a, err := mail.ParseAddress(text); err == nil {
		return first(a.Name, a.Address)
	}
	return strings.Trim(text, `<>" `)
}

// mailTime reads the date, also in the forms that only old programs write.
func mailTime(header mail.Header) time.Time {
	if at, err := header.Date(); err == nil {
		return at
	}
	text := header.Get("Date")
	for _, layout := range []string{time.ANSIC, time.UnixDate, "Mon, 2 Jan 2006 15:04:05 -0700 (MST)", "2006-01-02 15:04:05 -0700", time.RFC3339} {
		if at, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return at
		}
	}
	return time.Time{}
}

// mailText is the text of a part: plain text before HTML; attachments are left
// alone.
func mailText(header textproto.MIMEHeader, body io.Reader, depth int, parts *int) (text string, isPlain bool) {
	if *parts++; *parts > maxParts || depth > maxDepth {
		return "", false
	}
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil && media == "" {
		media = "text/plain"
	}
	if disposition, _, _ := mime.ParseMediaType(header.Get("Content-Disposition")); disposition == "attachment" {
		return "", false
	}
	switch {
	case strings.HasPrefix(media, "multipart/") && params["boundary"] != "":
		return multipartText(multipart.NewReader(body, params["boundary"]), media, depth, parts)
	case media == "text/plain" || media == "text/html":
		raw, _ := io.ReadAll(io.LimitReader(decoded(header.Get("Content-Transfer-Encoding"), body), 4<<20)) // what is left of a broken part
		text := toUTF8(raw, params["charset"])
		if media == "text/html" {
			return plainText(text), false
		}
		return text, true
	}
	return "", false
}

func multipartText(r *multipart.Reader, media string, depth int, parts *int) (string, bool) {
	var found []string
	plain := false
	for {
		part, err := r.NextRawPart()
		if err != nil { // the end, or a boundary that never comes
			break
		}
		text, isPlain := mailText(part.Header, part, depth+1, parts)
		if strings.TrimSpace(text) == "" {
			continue
		}
		if media == "multipart/alternative" {
			if isPlain && !plain {
				found, plain = []string{text}, true
			} else if len(found) == 0 {
				found = []string{text}
			}
			continue
		}
		found, plain = append(found, text), plain || isPlain
	}
	return strings.Join(found, "\n"), plain
}

func decoded(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}
