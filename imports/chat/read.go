package chat

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/followthrough/followthrough/domain"
)

// Read reads an export. The format follows from the content; the name decides
// only where the content leaves it open. It returns an ErrInvalid with a
// sentence for what it does not read, and then no message at all.
func Read(name string, r io.ReaderAt, size int64, o domain.ChatOptions) (domain.Chat, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	b := &builder{ChatOptions: o}
	var err error
	if head := make([]byte, 4); size >= 4 && readHead(r, head) && bytes.HasPrefix(head, []byte("PK")) {
		err = b.archive(r, size)
	} else {
		err = b.file(name, r, size)
	}
	if err != nil {
		return domain.Chat{}, err
	}
	return b.finish()
}

func readHead(r io.ReaderAt, head []byte) bool {
	_, err := r.ReadAt(head, 0)
	return err == nil
}

func (b *builder) file(name string, r io.ReaderAt, size int64) error {
	if size > maxFile {
		return refuse("%s has %d MiB; at most %d are read", short(name), size>>20, maxFile>>20)
	}
	data, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	if err != nil {
		return refuse("%s cannot be read to its end", short(name))
	}
	return b.content(path.Base(strings.ReplaceAll(name, "\\", "/")), data)
}

// content reads one file by what it looks like.
func (b *builder) content(name string, data []byte) error {
	first := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")), " \t\r\n")
	switch {
	case len(first) == 0:
		return refuse("%s is empty", short(name))
	case first[0] == '[' && looksLikeJSON(first):
		return b.jsonArray(name, first)
	case first[0] == '{':
		return b.jsonObjects(name, first)
	case bytes.HasPrefix(first, []byte("From ")) && bytes.Contains(first, []byte("\n")):
		return b.mbox(first)
	case strings.EqualFold(path.Ext(name), ".eml"), looksLikeMail(first):
		return b.mail(name, first)
	}
	return b.pasted(name, data)
}

func looksLikeJSON(data []byte) bool {
	rest := bytes.TrimLeft(data[1:], " \t\r\n")
	return len(rest) > 0 && (rest[0] == '{' || rest[0] == ']')
}

// looksLikeMail goes by a header that every mail has, among the first lines.
func looksLikeMail(data []byte) bool {
	head, _, _ := bytes.Cut(data[:min(len(data), 8192)], []byte("\n\n"))
	found := 0
	for line := range bytes.Lines(head) {
		name, _, ok := bytes.Cut(line, []byte(":"))
		if ok && slices.Contains([]string{"from", "to", "date", "subject", "message-id", "received", "mime-version"}, strings.ToLower(string(name))) {
			found++
		}
	}
	return found >= 2
}

// archive reads a Slack or Mattermost export.
func (b *builder) archive(r io.ReaderAt, size int64) error {
	a, err := openArchive(r, size)
	if err != nil {
		return err
	}
	for _, e := range a.entries {
		if strings.HasSuffix(e.name, ".jsonl") {
			data, err := a.read(e)
			if err != nil {
				return err
			}
			return b.mattermost(e.name, data)
		}
	}
	if _, ok := a.find("channels.json"); ok {
		return b.slack(a)
	}
	return refuse("the archive is neither a Slack export (channels.json) nor a Mattermost export (*.jsonl)")
}

// builder collects what the readers find.
type builder struct {
	domain.ChatOptions
	messages []domain.Message
	notes    []string
	bytes    int
	counted  map[string]int
}

// maxText bounds the statements of an import.
const maxText = 16 << 20

// add takes a message. What is empty is left out, what is too long is cut.
func (b *builder) add(m domain.Message) error {
	m.Channel, m.Sender, m.Audience = clip(first(m.Channel, b.Channel, "chat"), domain.MaxName), clip(m.Sender, domain.MaxName), clip(first(m.Audience, b.Audience), domain.MaxName)
	m.Statement = domain.NormalText(printable(m.Statement))
	if m.Statement == "" {
		return nil
	}
	if utf8.RuneCountInString(m.Statement) > domain.MaxStatement {
		m.Statement = string([]rune(m.Statement)[:domain.MaxStatement-1]) + "…"
		b.count("%d statements were cut to the length that is kept")
	}
	if !b.Now.IsZero() && m.At.After(b.Now) || !m.At.IsZero() && m.At.Year() < 1990 {
		m.At = time.Time{}
		b.count("%d times cannot be true and were left out")
	} else if m.At.IsZero() {
		b.count("%d messages have no time that can be read")
	}
	m.At = m.At.UTC().Truncate(time.Microsecond)
	if b.bytes += len(m.Statement); b.bytes > maxText || len(b.messages) >= domain.MaxMessages {
		return refuse("the export has more than %d messages or %d MiB of text; import the days of the incident only", domain.MaxMessages, maxText>>20)
	}
	b.messages = append(b.messages, m)
	return nil
}

func (b *builder) count(note string) {
	if b.counted == nil {
		b.counted = map[string]int{}
	}
	b.counted[note]++
}

func (b *builder) note(format string, args ...any) {
	if len(b.notes) < 50 {
		b.notes = append(b.notes, fmt.Sprintf(format, args...))
	}
}

func (b *builder) finish() (domain.Chat, error) {
	for note, n := range b.counted {
		b.notes = append(b.notes, fmt.Sprintf(note, n))
	}
	slices.Sort(b.notes)
	if len(b.messages) == 0 {
		return domain.Chat{}, refuse("there is no message in the file")
	}
	slices.SortStableFunc(b.messages, func(x, y domain.Message) int {
		if x.At.IsZero() != y.At.IsZero() { // those without a time come last
			if x.At.IsZero() {
				return 1
			}
			return -1
		}
		return x.At.Compare(y.At)
	})
	return domain.Chat{Messages: b.messages, Notes: b.notes}, nil
}

func first(values ...string) string {
	for _, v := range values {
		if strings.TrimSpace(v) != "" {
			return v
		}
	}
	return ""
}

// clip brings a name to one line of at most n characters.
func clip(s string, n int) string {
	r := []rune(domain.NormalTitle(printable(s)))
	if len(r) > n {
		r = append(r[:n-1], '…')
	}
	return string(r)
}

// printable drops what is not text: bytes of another charset and controls.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n"))
}
