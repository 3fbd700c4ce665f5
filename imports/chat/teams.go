package chat

import (
	"html"
	"regexp"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// teamsMessage is a message of Microsoft Teams. encoding/json matches names in
// any letter case, which the exports need: tools write "Body", the API "body".
type teamsMessage struct {
	CreatedDateTime string
	MessageType     string
	Subject         *string
	DeletedDateTime *string
	From            *struct {
		User        *struct{ DisplayName string }
		Application *struct{ DisplayName string }
	}
	Body struct {
		ContentType string
		Content     string
	}
	ChannelIdentity *struct{ ChannelID string }
	ChatID          *string

	// A day of a Slack channel is a list of objects as well.
	TS   string
	Text string
	User any
}

// jsonArray reads a list of messages: Teams, or one day of a Slack channel.
func (b *builder) jsonArray(name string, data []byte) error {
	isSlack := false
	if err := each(name, data, func(m teamsMessage) error {
		isSlack = isSlack || m.TS != ""
		return nil
	}); err != nil {
		return err
	}
	if isSlack {
		return b.slackDay(name, first(b.Channel, "chat"), data, nil)
	}
	return each(name, data, b.teams)
}

func (b *builder) teams(m teamsMessage) error {
	if m.MessageType != "" && m.MessageType != "message" || m.DeletedDateTime != nil && *m.DeletedDateTime != "" {
		return nil
	}
	sender, channel := "", "Teams"
	if m.From != nil && m.From.User != nil {
		sender = m.From.User.DisplayName
	} else if m.From != nil && m.From.Application != nil {
		sender = m.From.Application.DisplayName
	}
	if m.ChatID != nil && *m.ChatID != "" {
		channel = "Teams chat"
	}
	text := m.Body.Content
	if strings.EqualFold(m.Body.ContentType, "html") {
		text = plainText(text)
	}
	if m.Subject != nil && *m.Subject != "" {
		text = *m.Subject + "\n" + text
	}
	at, _ := time.Parse(time.RFC3339, m.CreatedDateTime) // an unreadable time is none
	return b.add(domain.Message{Channel: first(b.Channel, channel), Sender: sender, At: at, Statement: text})
}

var (
	hiddenHTML = regexp.MustCompile(`(?is)<(script|style|head|title)\b.*?(?:</(?:script|style|head|title)\s*>|$)|<!--.*?(?:-->|$)`) //nolint:gochecknoglobals // compiled once
	breakHTML  = regexp.MustCompile(`(?i)<(?:br|/p|/div|/li|/tr|/h[1-6])\b[^>]*>`)                                                  //nolint:gochecknoglobals // compiled once
	tagHTML    = regexp.MustCompile(`<[^>]*>`)                                                                                      //nolint:gochecknoglobals // compiled once
	blankLines = regexp.MustCompile(`\n\s*\n\s*\n+`)                                                                                //nolint:gochecknoglobals // compiled once
)

// plainText takes the text out of HTML. It is shown escaped: nothing in it has
// to be harmless, it has to be readable.
func plainText(source string) string {
	text := hiddenHTML.ReplaceAllString(source, "")
	text = breakHTML.ReplaceAllString(strings.ReplaceAll(text, "\n", " "), "\n")
	text = html.UnescapeString(tagHTML.ReplaceAllString(text, ""))
	return blankLines.ReplaceAllString(strings.ReplaceAll(text, "\u00a0", " "), "\n\n")
}
