package notify

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/notify/mailtest"
)

const from = "Followthrough <noreply@example.org>"

// mailer talks to the server, trusting its certificate.
func mailer(t *testing.T, s *mailtest.Server, format string) *Mail {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, s.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	address := strings.NewReplacer("ADDR", s.Addr, "CA", ca).Replace(format)
	m, err := NewMail(address, from)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func letterTo(email string) domain.Letter {
	return domain.Letter{Notice: domain.Notice{ID: "n_1", Kind: domain.NoticeReminder, Channel: domain.ByMail, Target: "p_ana", Period: "2026-12-01", Stop: "stopkey",
		UpdatedAt: time.Date(2026, 12, 1, 7, 0, 0, 0, time.UTC)}, Name: "Ana Roth", Email: email, Language: "de", Day: domain.MustDate("2026-12-01"),
		Sections: []domain.LetterSection{{Reason: domain.ReasonOverdue, Total: 1, Lines: []domain.LetterLine{
			{Measure: domain.Measure{Key: "M-1", Title: "Alarm für Replikation", Priority: domain.P1, DueOn: domain.MustDate("2026-11-28")}, Days: 3, Owner: "Ana Roth"}}}}}
}

func send(t *testing.T, m *Mail, l domain.Letter, publicURL string) error {
	t.Helper()
	message, err := Compose(l, publicURL, "")
	if err != nil {
		t.Fatal(err)
	}
	return m.Send(t.Context(), l, message, publicURL)
}

// parts are the bodies of a mail by content type.
func parts(t *testing.T, m mailtest.Mail) map[string]string {
	t.Helper()
	msg := m.Parse(t)
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	reader := multipart.NewReader(msg.Body, params["boundary"])
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		out[kind] = string(text)
	}
}

// TestMailWays: every way to reach a mail server carries a mail, over TLS and
// signed in where that is asked for.
func TestMailWays(t *testing.T) {
	for name, test := range map[string]struct {
		options mailtest.Options
		address string
	}{
		"STARTTLS":                 {mailtest.Options{}, "smtp://ADDR?ca=CA"},
		"STARTTLS with password":   {mailtest.Options{Password: "s3cret/:@"}, "smtp://robot:s3cret%2F%3A%40@ADDR?ca=CA"},
		"TLS from the start":       {mailtest.Options{Implicit: true, Password: "x"}, "smtps://robot:x@ADDR?ca=CA"},
		"in clear on this machine": {mailtest.Options{Plain: true}, "smtp://ADDR?tls=none"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.New(t, test.options)
			m := mailer(t, server, test.address)
			if err := m.Check(t.Context()); err != nil {
				t.Fatalf("check: %v", err)
			}
			if err := send(t, m, letterTo("ana@example.org"), "https://ft.example.org"); err != nil {
				t.Fatal(err)
			}
			mails := server.Mails()
			if len(mails) != 1 || mails[0].To != "ana@example.org" || mails[0].From != "noreply@example.org" {
				t.Fatalf("mails = %+v", mails)
			}
			if mails[0].Secure == test.options.Plain || (mails[0].User == "robot") != (test.options.Password != "") {
				t.Errorf("secure %v, user %q", mails[0].Secure, mails[0].User)
			}
		})
	}
}

// TestMailHeaders holds the headers that decide how a mail is treated.
func TestMailHeaders(t *testing.T) {
	server := mailtest.New(t, mailtest.Options{})
	m := mailer(t, server, "smtp://ADDR?ca=CA")
	for range 2 {
		if err := send(t, m, letterTo("ana@example.org"), "https://ft.example.org"); err != nil {
			t.Fatal(err)
		}
	}
	mails := server.Mails()
	header := mails[0].Parse(t).Header
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"From":                  `"Followthrough" <noreply@example.org>`,
		"To":                    `"Ana Roth" <ana@example.org>`,
		"Message-Id":            "<followthrough.n_1@example.org>",
		"List-Unsubscribe":      "<https://ft.example.org/reminders/stop/stopkey>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"Auto-Submitted":        "auto-generated",
		"Precedence":            "bulk",
		"Date":                  "Tue, 01 Dec 2026 07:00:00 +0000",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if subject != "Followthrough: eine Maßnahme steht an" {
		t.Errorf("subject = %q", subject)
	}
	if again := mails[1].Parse(t).Header.Get("Message-Id"); again != header.Get("Message-Id") {
		t.Errorf("the same letter has two ids: %s", again)
	}
	body := parts(t, mails[0])
	for kind, want := range map[string]string{"text/plain": "M-1  Alarm für Replikation", "text/html": `<a href="https://ft.example.org/measures/M-1">M-1</a> Alarm für Replikation`} {
		if !strings.Contains(body[kind], want) {
			t.Errorf("%s lacks %q:\n%s", kind, want, body[kind])
		}
	}
}

// TestMailInjection: nothing that people or trackers write becomes a header, a
// receiver or markup (security.md T9).
func TestMailInjection(t *testing.T) {
	server := mailtest.New(t, mailtest.Options{})
	m := mailer(t, server, "smtp://ADDR?ca=CA")
	l := letterTo("ana@example.org")
	evil := "x\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script>\u202e\x1b[2J\x00"
	l.Name, l.Sections[0].Lines[0].Measure.Title, l.Sections[0].Lines[0].Owner = evil, evil, evil
	message, err := Compose(l, "https://ft.example.org", evil)
	if err != nil {
		t.Fatal(err)
	}
	message.Subject += evil
	if err := m.Send(t.Context(), l, message, "https://ft.example.org"); err != nil {
		t.Fatal(err)
	}
	msg := server.Mails()[0].Parse(t)
	for name := range msg.Header {
		if name == "Bcc" {
			t.Errorf("a header came in: %v", msg.Header)
		}
	}
	body := parts(t, server.Mails()[0])
	if strings.Contains(body["text/html"], "<script") || !strings.Contains(body["text/html"], "&lt;script&gt;") {
		t.Errorf("markup came in:\n%s", body["text/html"])
	}
	if strings.Contains(body["text/plain"], "\nBcc:") || strings.ContainsAny(body["text/plain"], "\u202e\x1b\x00") {
		t.Errorf("a line of its own came in:\n%s", body["text/plain"])
	}
	for _, address := range []string{"ana@example.org\r\nRCPT TO:<eve@evil.example>", "ana@example.org, eve@evil.example", "Ana <ana@example.org>", ""} {
		if err := send(t, m, letterTo(address), "https://ft.example.org"); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("%q: %v", address, err)
		}
	}
	if n := len(server.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// TestMailFailures: each failure says whether waiting helps, in a sentence that
// gives no secret away.
func TestMailFailures(t *testing.T) {
	says := func(verb, answer string) func(string, int) string {
		return func(v string, _ int) string {
			if v == verb {
				return answer
			}
			return ""
		}
	}
	for name, test := range map[string]struct {
		options mailtest.Options
		address string
		answer  func(string, int) string
		kind    domain.Kind
		says    string
	}{
		"unknown mailbox":      {answer: says("RCPT", "550 no such user"), kind: domain.ErrInvalid, says: "for good (550)"},
		"mailbox full for now": {answer: says("RCPT", "452 later"), kind: domain.ErrUnavailable, says: "put the letter off (452)"},
		"content refused":      {answer: says("DATA", "554 no"), kind: domain.ErrInvalid, says: "(554)"},
		"busy":                 {answer: says("CONNECT", "421 busy"), kind: domain.ErrUnavailable, says: "421"},
		"hangs up":             {answer: says("MAIL", "-"), kind: domain.ErrUnavailable, says: "broke off"},
		"wrong password":       {options: mailtest.Options{Password: "right"}, address: "smtp://robot:hunter2@ADDR?ca=CA", kind: domain.ErrUnavailable, says: "refused user name and password (535)"},
		"no STARTTLS":          {options: mailtest.Options{Plain: true}, address: "smtp://robot:hunter2@ADDR?ca=CA", kind: domain.ErrUnavailable, says: "STARTTLS"},
		"unknown authority":    {address: "smtp://robot:hunter2@ADDR", kind: domain.ErrUnavailable, says: "ca=FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.New(t, test.options)
			server.Answer(test.answer)
			address := test.address
			if address == "" {
				address = "smtp://ADDR?ca=CA"
			}
			err := send(t, mailer(t, server, address), letterTo("ana@example.org"), "https://ft.example.org")
			if domain.KindOf(err) != test.kind || !strings.Contains(fmt.Sprint(err), test.says) {
				t.Errorf("got %q (%s), want %s … %s", err, domain.KindOf(err), test.kind, test.says)
			}
			if strings.Contains(fmt.Sprint(err), "hunter2") {
				t.Errorf("the password is in %q", err)
			}
			if n := len(server.Mails()); n != 0 {
				t.Errorf("%d mails", n)
			}
		})
	}
	// Nobody listens.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	m, err := NewMail("smtp://robot:hunter2@"+address, from)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check(t.Context()); !errors.Is(err, domain.ErrUnavailable) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("nobody listens: %v", err)
	}
}

// A server that took the mail and fails afterwards has taken it.
func TestMailTakenIsSent(t *testing.T) {
	server := mailtest.New(t, mailtest.Options{})
	server.Answer(func(verb string, _ int) string {
		if verb == "RSET" || verb == "QUIT" {
			return "-"
		}
		return ""
	})
	if err := send(t, mailer(t, server, "smtp://ADDR?ca=CA"), letterTo("ana@example.org"), "https://ft.example.org"); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestMailSettings(t *testing.T) {
	for name, test := range map[string]struct{ address, from, says string }{
		"no address":           {"mail.example.org", from, "write smtp://"},
		"another scheme":       {"https://u:hunter2@mail.example.org", from, "not by https"},
		"bad escape":           {"smtp://u:hunter2%zz@mail.example.org", from, "percent-encoded"},
		"clear over the net":   {"smtp://u:hunter2@mail.example.org?tls=none", from, "this machine only"},
		"clear from the start": {"smtps://u:hunter2@127.0.0.1?tls=none", from, "not an option"},
		"unknown option":       {"smtp://u:hunter2@mail.example.org?insecure=1", from, "insecure"},
		"missing certificate":  {"smtp://u:hunter2@mail.example.org?ca=/nowhere.pem", from, "cannot be read"},
		"no sender":            {"smtp://u:hunter2@mail.example.org", "", "not a mail address"},
	} {
		_, err := NewMail(test.address, test.from)
		if !strings.Contains(fmt.Sprint(err), test.says) || strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	m, err := NewMail("smtps://u:hunter2@mail.example.org", from)
	if err != nil || m.String() != "mail.example.org:465" {
		t.Errorf("%v %v", m, err)
	}
}
