package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/textproto"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/followthrough/followthrough/domain"
)

// sendTimeout bounds one attempt to hand over a letter, connecting included.
const sendTimeout = 30 * time.Second

// Mail hands mails over to one mail server.
type Mail struct {
	host     string
	port     int
	user     string
	password string
	// implicit is TLS from the first byte (smtps); without it the connection must
	// be upgraded by STARTTLS, unless clear allows it to stay in clear.
	implicit bool
	clear    bool
	roots    *x509.CertPool
	from     *mail.Address
}

// NewMail reads the address of the mail server, smtp://USER:PASSWORD@HOST:587
// or smtps://…:465, and the sender. No message of its errors repeats the
// address, which holds the password.
func NewMail(address, from string) (*Mail, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("the address of the mail server is not understood; write smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465, with special characters of the password percent-encoded")
	}
	m := &Mail{host: u.Hostname(), user: u.User.Username()}
	m.password, _ = u.User.Password()
	switch u.Scheme {
	case "smtp":
		m.port = 587
	case "smtps":
		m.port, m.implicit = 465, true
	default:
		return nil, fmt.Errorf("mail servers are reached by smtp:// or smtps://, not by %s://", u.Scheme)
	}
	if text := u.Port(); text != "" {
		if m.port, err = strconv.Atoi(text); err != nil {
			return nil, errors.New("the port of the mail server is not a number")
		}
	}
	if err := m.options(u.Query()); err != nil {
		return nil, err
	}
	m.from, err = mail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("the sender %q is not a mail address; write Followthrough <noreply@example.org>", from)
	}
	return m, nil
}

func (m *Mail) options(query url.Values) error {
	for name, values := range query {
		value := values[len(values)-1]
		switch {
		case name == "tls" && value == "none" && !m.implicit:
			if !loopback(m.host) {
				return errors.New("tls=none is for a mail server on this machine only: anybody on the way could read the mails and the password")
			}
			m.clear = true
		case name == "ca":
			text, err := os.ReadFile(value)
			if err != nil {
				return fmt.Errorf("the certificates of ca= cannot be read: %w", err)
			}
			m.roots = x509.NewCertPool()
			if !m.roots.AppendCertsFromPEM(text) {
				return fmt.Errorf("%s holds no certificate in PEM", value)
			}
		default:
			return fmt.Errorf("%s=… is not an option of the mail server's address; ca=FILE and, on this machine, tls=none are", name)
		}
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// String names the server without the password.
func (m *Mail) String() string { return net.JoinHostPort(m.host, strconv.Itoa(m.port)) }

// From is the sender.
func (m *Mail) From() string { return m.from.String() }

func (m *Mail) client() (*gomail.Client, error) {
	options := []gomail.Option{gomail.WithPort(m.port), gomail.WithTimeout(sendTimeout), gomail.WithHELO(m.helo()),
		gomail.WithTLSConfig(&tls.Config{ServerName: m.host, RootCAs: m.roots, MinVersion: tls.VersionTLS12})}
	switch {
	case m.implicit:
		options = append(options, gomail.WithSSL())
	case m.clear:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if m.user != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(m.user), gomail.WithPassword(m.password))
	}
	return gomail.NewClient(m.host, options...)
}

// helo is the name we greet with: the domain of the sender, which the server knows.
func (m *Mail) helo() string {
	_, domain, _ := strings.Cut(m.from.Address, "@")
	return domain
}

// Check connects, upgrades and signs in, and sends nothing.
func (m *Mail) Check(ctx context.Context) error {
	client, err := m.client()
	if err != nil {
		return m.explain(err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := client.DialWithContext(ctx); err != nil {
		return m.explain(err)
	}
	return m.explain(client.Close())
}

// Send hands a letter over. Once the server has taken it, what goes wrong
// afterwards is no failure any more.
func (m *Mail) Send(ctx context.Context, l domain.Letter, message Message, publicURL string) error {
	msg, err := m.compose(l, message, publicURL)
	if err != nil {
		return err
	}
	client, err := m.client()
	if err != nil {
		return m.explain(err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := client.DialWithContext(ctx); err != nil {
		return m.explain(err)
	}
	err = client.Send(msg)
	_ = client.Close()
	if msg.IsDelivered() {
		return nil
	}
	return m.explain(err)
}

func (m *Mail) compose(l domain.Letter, message Message, publicURL string) (*gomail.Msg, error) {
	to, err := mail.ParseAddress(l.Email)
	if err != nil || to.Address != l.Email {
		return nil, domain.Errorf(domain.ErrInvalid, "the mail address of %s cannot be used; correct it", l.Notice.Target)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(&mail.Address{Name: plain(l.Name), Address: to.Address})
	msg.Subject(plain(message.Subject))
	// The same letter has the same id however often it is sent, so that a mailbox
	// recognises the second one.
	msg.SetMessageIDWithValue("followthrough." + l.Notice.ID + "@" + m.helo())
	msg.SetDateWithValue(l.Notice.UpdatedAt)
	msg.SetBulk()
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	stop := StopURL(publicURL, l.Notice.Stop)
	if strings.HasPrefix(stop, "https://") {
		if err := msg.SetListUnsubscribeOneClick(stop); err != nil {
			return nil, err
		}
	} else {
		msg.SetListUnsubscribe(stop)
	}
	msg.SetBodyString(gomail.TypeTextPlain, message.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, message.HTML)
	return msg, nil
}

// explain turns a failure into a sentence without secrets, and says by its
// kind whether trying again can help.
func (m *Mail) explain(err error) error {
	if err == nil {
		return nil
	}
	var sent *gomail.SendError
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var wrongName x509.HostnameError
	code := smtpCode(err)
	switch {
	case errors.As(err, &sent) && !sent.IsTemp() && sent.ErrorCode() >= 500:
		return domain.Errorf(domain.ErrInvalid, "the mail server %s refused the letter for good (%d)", m, sent.ErrorCode())
	case errors.As(err, &sent) && sent.ErrorCode() != 0:
		return domain.Errorf(domain.ErrUnavailable, "the mail server %s put the letter off (%d)", m, sent.ErrorCode())
	case errors.As(err, &unknown):
		return domain.Errorf(domain.ErrUnavailable, "the certificate of the mail server %s was signed by nobody this machine trusts; name its authority with ca=FILE", m)
	case errors.As(err, &wrongName):
		return domain.Errorf(domain.ErrUnavailable, "the certificate of the mail server %s is for another name", m)
	case errors.As(err, &dns):
		return domain.Errorf(domain.ErrUnavailable, "the mail server %s has no address (DNS)", m)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return domain.Errorf(domain.ErrUnavailable, "the mail server %s did not answer within %s", m, sendTimeout)
	case code == 534 || code == 535 || code == 538:
		return domain.Errorf(domain.ErrUnavailable, "the mail server %s refused user name and password (%d)", m, code)
	case code != 0:
		return domain.Errorf(domain.ErrUnavailable, "the mail server %s answered %d", m, code)
	case strings.Contains(err.Error(), "STARTTLS"):
		return domain.Errorf(domain.ErrUnavailable, "the mail server %s offers no encryption (STARTTLS); use smtps:// if it speaks TLS from the start", m)
	case strings.Contains(err.Error(), "no supported auth"), strings.Contains(err.Error(), "AUTH"):
		return domain.Errorf(domain.ErrUnavailable, "the mail server %s offers no way to sign in that is known here", m)
	}
	return domain.Errorf(domain.ErrUnavailable, "the mail server %s cannot be reached or broke off", m)
}

// smtpCode is the number of a mail server's answer somewhere in an error.
func smtpCode(err error) int {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		return answer.Code
	}
	return 0
}
