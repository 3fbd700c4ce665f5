package notify

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

const token = "t0ps3crettoken"

func chats(t *testing.T, entries ...string) Chats {
	t.Helper()
	all, err := NewChats(entries)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestChat sends to a real local webhook the way Mattermost and a generic
// service get it.
func TestChat(t *testing.T) {
	var got []string
	code := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.URL.Path+" "+string(body))
		w.WriteHeader(code)
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	all := chats(t, "t_a=mattermost://"+host+"/"+token+"?disabletls=yes", "generic://"+host+"/hook/"+token+"?disabletls=yes&template=json", "*=mattermost://"+host+"/other?disabletls=yes")
	channels := all.Channels()
	for n, want := range []domain.Scope{{Teams: []domain.TeamID{"t_a"}}, {}, {All: true}} {
		if fmt.Sprint(channels[n].Scope) != fmt.Sprint(want) {
			t.Errorf("scope of %s: %+v", channels[n].Name, channels[n].Scope)
		}
		if strings.Contains(channels[n].Name, token) || strings.Contains(channels[n].Name, host) {
			t.Errorf("the name %q gives the address away", channels[n].Name)
		}
	}
	for _, c := range channels[:2] {
		if err := all.Send(t.Context(), c.Name, "M-1 is late"); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 2 || !strings.HasPrefix(got[0], "/hooks/"+token+" ") || !strings.Contains(got[0], "M-1 is late") || !strings.HasPrefix(got[1], "/hook/"+token+" ") || !strings.Contains(got[1], "M-1 is late") {
		t.Errorf("got %q", got)
	}
	for answer, kind := range map[int]domain.Kind{http.StatusNotFound: domain.ErrInvalid, http.StatusTooManyRequests: domain.ErrUnavailable, http.StatusBadGateway: domain.ErrUnavailable} {
		code = answer
		for _, c := range channels[:2] {
			err := all.Send(t.Context(), c.Name, "x")
			if domain.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), fmt.Sprint(answer)) {
				t.Errorf("%d from %s: %v (%s)", answer, c.Name, err, domain.KindOf(err))
			}
			if strings.Contains(fmt.Sprint(err), token) || strings.Contains(fmt.Sprint(err), host) {
				t.Errorf("the address is in %q", err)
			}
		}
	}
	server.Close()
	err := all.Send(t.Context(), channels[0].Name, "x")
	if !errors.Is(err, domain.ErrUnavailable) || strings.Contains(err.Error(), token) || strings.Contains(err.Error(), host) {
		t.Errorf("nobody listens: %v", err)
	}
	if err := all.Send(t.Context(), "another", "x"); !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("an unknown chat: %v", err)
	}
}

// The services people ask for take their addresses.
func TestChatServices(t *testing.T) {
	chats(t,
		"t_a=slack://hook:T00000000-B00000000-000000000000000000000000@webhook",
		"t_a=discord://"+token+"@123456789",
		"t_a=rocketchat://chat.example.org/tokenA/tokenB",
		"t_a=mattermost://chat.example.org/"+token,
		"t_a=zulip://bot@example.org:"+token+"@chat.example.org/?stream=ops",
	)
}

func TestChatSettings(t *testing.T) {
	for name, test := range map[string]struct{ entry, says string }{
		"no address":      {token, "chat 1 is not an address"},
		"unknown service": {"pigeon://" + token + "@loft", `"pigeon" is not a service`},
		"mail":            {"t_a=smtp://u:" + token + "@mail.example.org", "not a chat"},
		"unusable":        {"slack://" + token, "not one that slack takes"},
		"not a URL":       {"slack://" + token + "%zz", "not one that slack takes"},
	} {
		_, err := NewChats([]string{test.entry})
		if !strings.Contains(fmt.Sprint(err), test.says) || strings.Contains(fmt.Sprint(err), token) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewChats([]string{"mattermost://h/" + token, "mattermost://h/" + token}); err == nil {
		t.Error("the same chat twice was taken")
	}
}

// What people write neither calls anybody nor makes links of its own.
func TestChatMentions(t *testing.T) {
	l := letterTo("")
	l.Notice.Channel, l.Sections[0].Lines[0].Measure.Title = domain.ByChat, "<!channel> @here [click](https://evil.example) `x`"
	message, err := Compose(l, "https://ft.example.org", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<!", "@here", "](", "`"} {
		if strings.Contains(message.Chat, bad) {
			t.Errorf("%q stands in\n%s", bad, message.Chat)
		}
	}
	if !strings.Contains(message.Chat, "https://ft.example.org/measures/M-1") {
		t.Error(message.Chat)
	}
	many := l.Sections[0].Lines[0]
	for range 30 {
		l.Sections[0].Lines = append(l.Sections[0].Lines, many)
	}
	if message, err = Compose(l, "https://ft.example.org", ""); err != nil || strings.Count(message.Chat, "•") != chatLines || !strings.Contains(message.Chat, "und 11 weitere") {
		t.Errorf("%v\n%s", err, message.Chat)
	}
}
