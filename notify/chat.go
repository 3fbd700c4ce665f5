package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/followthrough/followthrough/domain"
)

// Chats are the chats that letters go to. Their addresses are secrets: whoever
// has one may write there, so none is ever printed.
type Chats []chat

type chat struct {
	domain.ChatChannel
	service string
	address string
}

// everyTeam in front of an address opens a chat to the measures of every team.
const everyTeam = "*"

// NewChats reads [TEAM=]URL entries. A chat of a team hears what the team may
// see, one without a team hears of measures that belong to no team, and *=URL
// hears of everything.
func NewChats(entries []string) (Chats, error) {
	var all Chats
	for n, entry := range entries {
		team, address, named := strings.Cut(entry, "=")
		if !named || strings.Contains(team, ":") { // an = within the URL itself
			team, address = "", entry
		}
		service, _, ok := strings.Cut(address, "://")
		if !ok {
			return nil, fmt.Errorf("chat %d is not an address; write TEAM=slack://…, teams://…, mattermost://… or another service of shoutrrr", n+1)
		}
		service, _, _ = strings.Cut(strings.ToLower(service), "+")
		if service == "smtp" || service == "logger" {
			return nil, fmt.Errorf("chat %d: %s is not a chat; mail has its own settings", n+1, service)
		}
		c := chat{service: service, address: address}
		switch team {
		case everyTeam:
			c.Scope = domain.Everything()
		case "":
			team = "no team"
		default:
			c.Scope = domain.Scope{Teams: []domain.TeamID{domain.TeamID(team)}}
		}
		sum := sha256.Sum256([]byte(entry))
		c.Name = fmt.Sprintf("%s (%s, %s)", service, team, hex.EncodeToString(sum[:3]))
		if _, err := c.sender(); err != nil {
			return nil, fmt.Errorf("chat %d: %w", n+1, err)
		}
		if slices.ContainsFunc(all, func(other chat) bool { return other.Name == c.Name }) {
			return nil, fmt.Errorf("chat %d is given twice", n+1)
		}
		all = append(all, c)
	}
	return all, nil
}

// Channels are the chats without their addresses.
func (all Chats) Channels() []domain.ChatChannel {
	var out []domain.ChatChannel
	for _, c := range all {
		out = append(out, c.ChatChannel)
	}
	return out
}

// sender builds the service anew: its state belongs to one sending.
func (c chat) sender() (types.Service, error) {
	service, err := (&router.ServiceRouter{}).Locate(c.address)
	switch {
	case errors.Is(err, router.ErrUnknownService):
		return nil, fmt.Errorf("%q is not a service of shoutrrr", c.service)
	case err != nil: // its message repeats the address
		return nil, fmt.Errorf("the address is not one that %s takes", c.service)
	}
	return service, nil
}

// Send hands a message over to the chat of that name.
func (all Chats) Send(ctx context.Context, name, text string) error {
	n := slices.IndexFunc(all, func(c chat) bool { return c.Name == name })
	if n < 0 {
		return domain.Errorf(domain.ErrInvalid, "chat %s is not configured any more", name)
	}
	c := all[n]
	service, err := c.sender()
	if err != nil {
		return domain.Errorf(domain.ErrInvalid, "chat %s: %s", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	sent := make(chan error, 1) // the service takes no context: it may come back late
	go func() { sent <- service.Send(text, &types.Params{}) }()
	select {
	case err = <-sent:
	case <-ctx.Done():
		return domain.Errorf(domain.ErrUnavailable, "chat %s did not answer within %s", name, sendTimeout)
	}
	if err == nil {
		return nil
	}
	return c.explain(err)
}

// explain says what went wrong from the answer's number alone: the library's
// own message repeats the address.
func (c chat) explain(err error) error {
	code := 0
	text := strings.ReplaceAll(err.Error(), c.address, "")
	if found := regexp.MustCompile(`(?:^|[\s:("])([1-5]\d\d)(?:[\s:)",]|$)`).FindStringSubmatch(text); found != nil {
		code, _ = strconv.Atoi(found[1])
	}
	switch {
	case code >= 400 && code < 500 && code != 408 && code != 429:
		return domain.Errorf(domain.ErrInvalid, "chat %s refused the message (%d)", c.Name, code)
	case code != 0:
		return domain.Errorf(domain.ErrUnavailable, "chat %s answered %d", c.Name, code)
	}
	return domain.Errorf(domain.ErrUnavailable, "chat %s cannot be reached", c.Name)
}
