package chat

import (
	"bytes"
	"encoding/json"
	"html"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type slackUser struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Real    string `json:"real_name"`
	Profile struct {
		Real    string `json:"real_name"`
		Display string `json:"display_name"`
	} `json:"profile"`
}

type slackMessage struct {
	Type        string `json:"type"`
	Subtype     string `json:"subtype"`
	User        string `json:"user"`
	Username    string `json:"username"`
	Bot         string `json:"bot_id"`
	Text        string `json:"text"`
	TS          string `json:"ts"`
	Attachments []struct {
		Fallback string `json:"fallback"`
		Text     string `json:"text"`
	} `json:"attachments"`
}

// slack reads an export of a workspace: one folder per channel, one file per day.
func (b *builder) slack(a *archive) error {
	people := map[string]string{}
	if e, ok := a.find("users.json"); ok {
		data, err := a.read(e)
		if err != nil {
			return err
		}
		var users []slackUser
		if err := json.Unmarshal(data, &users); err != nil {
			b.note("users.json cannot be read; people keep their ids")
		}
		for _, u := range users {
			people[u.ID] = first(u.Profile.Real, u.Real, u.Profile.Display, u.Name, u.ID)
		}
	}
	for _, e := range a.entries {
		folder := path.Base(path.Dir(e.name))
		if path.Ext(e.name) != ".json" || folder == "." || folder == "/" || strings.HasPrefix(folder, "__MACOSX") {
			continue
		}
		if _, err := time.Parse(time.DateOnly, strings.TrimSuffix(path.Base(e.name), ".json")); err != nil {
			continue
		}
		data, err := a.read(e)
		if err != nil {
			return err
		}
		if err := b.slackDay(e.name, "#"+folder, data, people); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) slackDay(name, channel string, data []byte, people map[string]string) error {
	return each(name, data, func(m slackMessage) error {
		if m.Type != "" && m.Type != "message" || m.Subtype == "channel_join" || m.Subtype == "channel_leave" {
			return nil
		}
		text := m.Text
		for _, at := range m.Attachments {
			if text == "" {
				text = first(at.Fallback, at.Text)
			}
		}
		sender := people[m.User]
		return b.add(domain.Message{Channel: channel, Sender: first(sender, m.Username, m.User, m.Bot), At: slackTime(m.TS), Statement: slackText(text, people)})
	})
}

// slackTime reads seconds with a fraction, which is exact only as text.
func slackTime(ts string) time.Time {
	whole, fraction, _ := strings.Cut(ts, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || seconds <= 0 || seconds > math.MaxInt32*4 {
		return time.Time{}
	}
	micros, _ := strconv.Atoi((fraction + "000000")[:6]) // no fraction is none
	return time.Unix(seconds, int64(micros)*1000).UTC()
}

var slackMark = regexp.MustCompile(`<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>`) //nolint:gochecknoglobals // compiled once

// slackText takes Slack's marks for people, channels and addresses away.
func slackText(text string, people map[string]string) string {
	text = slackMark.ReplaceAllStringFunc(text, func(mark string) string {
		g := slackMark.FindStringSubmatch(mark)
		switch g[1] {
		case "@":
			return "@" + first(people[g[2]], g[3], g[2])
		case "#", "!":
			return g[1] + first(g[3], g[2])
		}
		return first(g[2], g[3])
	})
	return html.UnescapeString(text)
}

// each decodes the elements of a JSON array one by one.
func each[T any](name string, data []byte, f func(T) error) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return refuse("%s is not a JSON list", short(name))
	}
	for d.More() {
		var v T
		if err := d.Decode(&v); err != nil {
			return refuse("%s is damaged or cut off at byte %d", short(name), d.InputOffset())
		}
		if err := f(v); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return refuse("%s is cut off", short(name))
	}
	return nil
}
