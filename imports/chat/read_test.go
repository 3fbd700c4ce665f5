package chat

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

func read(t *testing.T, name, content string, o domain.ChatOptions) domain.Chat {
	t.Helper()
	chat, err := Read(name, strings.NewReader(content), int64(len(content)), o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return chat
}

// lines shows messages as "time channel sender: statement".
func lines(chat domain.Chat) string {
	var out []string
	for _, m := range chat.Messages {
		at := "-"
		if !m.At.IsZero() {
			at = m.At.Format("2006-01-02T15:04:05Z")
		}
		out = append(out, fmt.Sprintf("%s %s %s: %s", at, m.Channel, m.Sender, strings.ReplaceAll(m.Statement, "\n", "/")))
	}
	return strings.Join(out, "\n")
}

func TestFormats(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	day := domain.MustDate("2026-11-20")
	o := domain.ChatOptions{Day: day, Zone: berlin, Now: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}
	for name, c := range map[string]struct{ content, want string }{
		"pasted with am and pm": {"[1:04 PM]Hixie: down\nstill\n[11:59 PM]Ana: up?\n[12:10 AM]Ana: up", "2026-11-20T12:04:00Z chat Hixie: down/still\n2026-11-20T22:59:00Z chat Ana: up?\n2026-11-20T23:10:00Z chat Ana: up"},
		"pasted German":         {"20.11.26, 14:05 - Jürgen Groß: Störung\n20.11.2026 14:06:30 - Ana: gesehen", "2026-11-20T13:05:00Z chat Jürgen Groß: Störung\n2026-11-20T13:06:30Z chat Ana: gesehen"},
		"pasted IRC":            {"2026-11-20 14:05:10 <ana> down\n2026-11-20T14:06+00:00 <ben> up", "2026-11-20T13:05:10Z chat ana: down\n2026-11-20T14:06:00Z chat ben: up"},
		"pasted without times":  {"Ana says it is down.\n\nBen says it is up.", "- chat : Ana says it is down.\n- chat : Ben says it is up."},
		"pasted in Latin-1":     {"[14:05] J\xfcrgen: St\xf6rung", "2026-11-20T13:05:00Z chat Jürgen: Störung"},
		"slack day":             {`[{"ts":"1763640000.000100","user":"U1","text":"<!here> see <http://x|the page> &amp; <@U2>"},{"subtype":"channel_join","ts":"1763640001.0","text":"x"},{"ts":"nonsense","text":"when?"}]`, "2025-11-20T12:00:00Z chat U1: !here see http://x & @U2\n- chat : when?"},
		"mattermost": {`{"type":"version","version":1}
{"type":"user","user":{"username":"ana","first_name":"Ana","last_name":"Roth"}}
{"type":"post","post":{"channel":"ops","user":"ana","message":"down","create_at":1763640000000,"replies":[{"user":"ben","message":"up","create_at":1763640060000}]}}`, "2025-11-20T12:00:00Z ~ops Ana Roth: down\n2025-11-20T12:01:00Z ~ops ben: up"},
		"teams of the API": {`{"value":[{"createdDateTime":"2025-11-20T12:00:00Z","messageType":"message","from":{"user":{"displayName":"Ana"}},"body":{"contentType":"html","content":"<p>down</p><script>x</script><p>&lt;b&gt;</p>"}},{"messageType":"systemEventMessage","body":{"content":"x"}}]}`, "2025-11-20T12:00:00Z Teams Ana: down/<b>"},
		"mail in pieces":   {"From: =?iso-8859-1?q?J=FCrgen?= <j@x.org>\nbroken header line\nTo: \"Support\" <s@x.org>, b@x.org\nSubject: =?utf-8?b?U3TDtnJ1bmc=?=\nDate: Thu, 20 Nov 2025 13:00:00 +0100\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>html</p>\n--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nalles weg f=FCr immer\n", "2025-11-20T12:00:00Z mail Jürgen: Störung/alles weg für immer"},
		"mail, no date":    {"From: a@x.org\nTo: b@x.org\nDate: yesterday\n\nhello", "- mail a@x.org: hello"},
		"mbox":             {"From x Tue Mar 04 03:33:20 2003\nFrom: a@x.org\nDate: Thu, 20 Nov 2025 13:00:00 +0100\n\n>From here on\n\nFrom y Tue Mar 04 03:33:20 2003\nFrom: b@x.org\nDate: Thu, 20 Nov 2025 14:00:00 +0100\n\ntwo\n", "2025-11-20T12:00:00Z mail a@x.org: From here on\n2025-11-20T13:00:00Z mail b@x.org: two"},
	} {
		if got := lines(read(t, name, c.content, o)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

func TestNotesAndBounds(t *testing.T) {
	o := domain.ChatOptions{Day: domain.MustDate("2026-11-20"), Zone: time.UTC, Channel: "bridge", Audience: "team", Now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	chat := read(t, "x", "[11:00] Ana: "+strings.Repeat("ä", 5000)+"\n[23:00] Ben: from the future", o)
	if m := chat.Messages[0]; len([]rune(m.Statement)) != domain.MaxStatement || m.Channel != "bridge" || m.Audience != "team" {
		t.Errorf("%d characters, %q, %q", len([]rune(m.Statement)), m.Channel, m.Audience)
	}
	if !chat.Messages[1].At.IsZero() || strings.Join(chat.Notes, "|") != "1 statements were cut to the length that is kept|1 times cannot be true and were left out" {
		t.Errorf("%v %q", chat.Messages[1].At, chat.Notes)
	}
}
