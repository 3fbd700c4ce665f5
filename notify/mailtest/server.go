// Package mailtest is a mail server for tests: it speaks SMTP with STARTTLS and
// AUTH on a real socket, keeps what it takes, and refuses what it is told to.
package mailtest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// Mail is one mail that was taken.
type Mail struct {
	From, To string
	Raw      []byte
	// Secure says that it came over TLS, User who had signed in.
	Secure bool
	User   string
}

// Parse reads the header and the body.
func (m Mail) Parse(t testing.TB) *mail.Message {
	t.Helper()
	msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		t.Fatalf("a mail cannot be read: %v\n%s", err, m.Raw)
	}
	return msg
}

// Server is a running mail server.
type Server struct {
	// Addr is HOST:PORT on loopback, CA its certificate in PEM.
	Addr string
	CA   []byte

	options  Options
	cert     tls.Certificate
	listener net.Listener

	mu     sync.Mutex // guards what follows
	mails  []Mail
	answer func(verb string, n int) string
	seen   map[string]int
	open   map[net.Conn]bool
}

// Options is what a server can do.
type Options struct {
	// Implicit speaks TLS from the first byte; Plain offers no STARTTLS.
	Implicit, Plain bool
	// Password is asked for when it is set.
	Password string
}

// New starts a server that ends with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate, which is good for 127.0.0.1
	s := &Server{options: o, cert: web.TLS.Certificates[0], seen: map[string]int{}, open: map[net.Conn]bool{},
		CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})}
	web.Close()
	var err error
	if s.listener, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.Addr = s.listener.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); s.serve() }()
	t.Cleanup(func() {
		_ = s.listener.Close()
		s.mu.Lock()
		for c := range s.open {
			_ = c.Close()
		}
		s.mu.Unlock()
		<-done
	})
	return s
}

// Answer sets what is said instead of the usual answer to the nth command of a
// verb (CONNECT, EHLO, MAIL, RCPT, DATA, BODY, …); "" leaves it, "-" hangs up.
func (s *Server) Answer(answer func(verb string, n int) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// Mails are the mails taken so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

func (s *Server) serve() {
	var sessions sync.WaitGroup
	defer sessions.Wait()
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.open[conn] = true
		s.mu.Unlock()
		sessions.Go(func() {
			defer func() {
				_ = conn.Close()
				s.mu.Lock()
				delete(s.open, conn)
				s.mu.Unlock()
			}()
			s.session(conn)
		})
	}
}

type session struct {
	s      *Server
	conn   net.Conn
	text   *textproto.Conn
	secure bool
	mail   Mail
}

func (s *Server) session(conn net.Conn) {
	c := &session{s: s, conn: conn}
	if s.options.Implicit {
		c.conn, c.secure = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{s.cert}, MinVersion: tls.VersionTLS12}), true
	}
	c.text = textproto.NewConn(c.conn)
	if !c.say("CONNECT", "220 mailtest ready") {
		return
	}
	for {
		line, err := c.text.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		if !c.command(strings.ToUpper(verb), rest) {
			return
		}
	}
}

// say gives the usual answer or the one that was asked for; false hangs up.
func (c *session) say(verb, usual string) bool {
	c.s.mu.Lock()
	c.s.seen[verb]++
	if c.s.answer != nil {
		if other := c.s.answer(verb, c.s.seen[verb]); other != "" {
			usual = other
		}
	}
	c.s.mu.Unlock()
	if usual == "-" {
		return false
	}
	return c.text.PrintfLine("%s", usual) == nil
}

func (c *session) command(verb, rest string) bool {
	switch verb {
	case "EHLO":
		return c.say(verb, c.greeting())
	case "STARTTLS":
		if !c.say(verb, "220 go on") {
			return false
		}
		c.conn, c.secure = tls.Server(c.conn, &tls.Config{Certificates: []tls.Certificate{c.s.cert}, MinVersion: tls.VersionTLS12}), true
		c.text = textproto.NewConn(c.conn)
		return true
	case "AUTH":
		return c.auth(rest)
	case "MAIL":
		if c.s.options.Password != "" && c.mail.User == "" {
			return c.say(verb, "530 sign in first")
		}
		c.mail.From = address(rest)
		return c.say(verb, "250 ok")
	case "RCPT":
		c.mail.To = address(rest)
		return c.say(verb, "250 ok")
	case "DATA":
		return c.data()
	case "QUIT":
		_ = c.say(verb, "221 bye")
		return false
	}
	return c.say(verb, "250 ok") // NOOP, RSET
}

func (c *session) greeting() string {
	lines := []string{"mailtest", "8BITMIME"}
	if !c.secure && !c.s.options.Plain {
		lines = append(lines, "STARTTLS")
	}
	if c.s.options.Password != "" {
		lines = append(lines, "AUTH PLAIN LOGIN")
	}
	var out strings.Builder
	for n, line := range lines {
		sep := "-"
		if n == len(lines)-1 {
			sep = " "
		}
		fmt.Fprintf(&out, "250%s%s\r\n", sep, line)
	}
	return strings.TrimSuffix(out.String(), "\r\n")
}

func (c *session) auth(rest string) bool {
	method, first, _ := strings.Cut(rest, " ")
	var user, password string
	switch strings.ToUpper(method) {
	case "PLAIN":
		parts := strings.Split(unbase(first), "\x00")
		if len(parts) == 3 {
			user, password = parts[1], parts[2]
		}
	case "LOGIN":
		for _, v := range []*string{&user, &password} {
			if c.text.PrintfLine("334 VXNlcm5hbWU6") != nil {
				return false
			}
			line, err := c.text.ReadLine()
			if err != nil {
				return false
			}
			*v = unbase(line)
		}
	default:
		return c.say("AUTH", "504 unknown")
	}
	if password != c.s.options.Password {
		return c.say("AUTH", "535 no")
	}
	c.mail.User = user
	return c.say("AUTH", "235 ok")
}

func (c *session) data() bool {
	c.s.mu.Lock()
	refusal := ""
	if c.s.answer != nil {
		refusal = c.s.answer("DATA", c.s.seen["DATA"]+1)
	}
	c.s.mu.Unlock()
	if !c.say("DATA", "354 go on") {
		return false
	}
	if refusal != "" {
		return true
	}
	raw, err := c.text.ReadDotBytes()
	if err != nil {
		return false
	}
	c.s.mu.Lock()
	usual, refused := "250 taken", ""
	if c.s.answer != nil {
		refused = c.s.answer("BODY", c.s.seen["BODY"]+1)
	}
	if refused == "" || strings.HasPrefix(refused, "-taken") {
		c.s.mails = append(c.s.mails, Mail{From: c.mail.From, To: c.mail.To, Raw: raw, Secure: c.secure, User: c.mail.User})
	}
	c.s.mu.Unlock()
	if strings.HasPrefix(refused, "-taken") { // took it and lost the line before it could say so
		return false
	}
	return c.say("BODY", usual)
}

func unbase(s string) string {
	out, _ := base64.StdEncoding.DecodeString(s)
	return string(out)
}

// address cuts <…> out of FROM:<…> and TO:<…>.
func address(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}
