package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type mattermostPost struct {
	Channel  string           `json:"channel"`
	Members  []string         `json:"channel_members"`
	User     string           `json:"user"`
	Type     string           `json:"type"`
	Message  string           `json:"message"`
	CreateAt int64            `json:"create_at"`
	Replies  []mattermostPost `json:"replies"`
}

type mattermostLine struct {
	Type       string          `json:"type"`
	Post       *mattermostPost `json:"post"`
	DirectPost *mattermostPost `json:"direct_post"`
	User       *struct {
		Username string `json:"username"`
		First    string `json:"first_name"`
		Last     string `json:"last_name"`
	} `json:"user"`
}

// mattermost reads a bulk export: one JSON object after the other. Users come
// before posts.
func (b *builder) mattermost(name string, data []byte) error {
	people := map[string]string{}
	d := json.NewDecoder(bytes.NewReader(data))
	for {
		var line mattermostLine
		err := d.Decode(&line)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return refuse("%s is damaged or cut off at byte %d", short(name), d.InputOffset())
		}
		switch {
		case line.User != nil:
			people[line.User.Username] = first(line.User.First+" "+line.User.Last, line.User.Username)
		case line.Post != nil:
			err = b.post("~"+line.Post.Channel, *line.Post, people)
		case line.DirectPost != nil:
			err = b.post(strings.Join(line.DirectPost.Members, ", "), *line.DirectPost, people)
		}
		if err != nil {
			return err
		}
	}
}

func (b *builder) post(channel string, p mattermostPost, people map[string]string) error {
	if !strings.HasPrefix(p.Type, "system_") {
		at := time.Time{}
		if p.CreateAt > 0 {
			at = time.UnixMilli(p.CreateAt)
		}
		if err := b.add(domain.Message{Channel: channel, Sender: first(people[p.User], p.User), At: at, Statement: p.Message}); err != nil {
			return err
		}
	}
	for _, reply := range p.Replies {
		reply.Replies = nil // a reply has none; a hostile one could nest for ever
		if err := b.post(channel, reply, people); err != nil {
			return err
		}
	}
	return nil
}

// jsonObjects reads JSON objects that are not in a list: a Mattermost export, or
// the answer of Microsoft's API with its messages in "value".
func (b *builder) jsonObjects(name string, data []byte) error {
	var page struct {
		Type  string          `json:"type"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&page); err != nil {
		return refuse("%s is no JSON that can be read", short(name))
	}
	if len(page.Value) > 0 && page.Type == "" {
		return b.jsonArray(name, page.Value)
	}
	return b.mattermost(name, data)
}
