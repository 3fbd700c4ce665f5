package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Message is one thing that was said during an incident.
type Message struct {
	ID       string
	Incident IncidentKey
	Channel  string
	Sender   string
	// Audience is whom it informed, in the policy's words or in others; empty is unknown.
	Audience string
	// At is zero where the source tells no time: such a message is on no lane.
	At        time.Time
	Statement string
	// Source is the file it was imported from; empty for one that was entered.
	Source string
	// Diverges is a person's mark: what else was said elsewhere at the same time.
	Diverges string
}

// Limits of messages.
const (
	MaxMessages  = 20_000 // of one incident
	MaxStatement = 4_000  // characters; an import cuts longer ones and says so
)

// Check normalises a message and refuses one that says nothing.
func (m *Message) Check(now time.Time) error {
	var bad problems
	m.Channel, m.Sender, m.Audience = NormalTitle(m.Channel), NormalTitle(m.Sender), NormalTitle(m.Audience)
	m.Statement, m.Diverges = NormalText(m.Statement), NormalText(m.Diverges)
	if m.Channel == "" {
		bad.add("channel", "is empty; say where it was said")
	}
	if m.Statement == "" {
		bad.add("statement", "is empty; write what was said")
	}
	if m.At.After(now.Add(5 * time.Minute)) {
		bad.add("at", "%s lies in the future", m.At.UTC().Format(time.RFC3339))
	}
	for field, text := range map[string]string{"channel": m.Channel, "sender": m.Sender, "audience": m.Audience, "source": m.Source} {
		checkText(&bad, field, text, MaxName)
	}
	checkText(&bad, "statement", m.Statement, MaxStatement)
	checkText(&bad, "diverges", m.Diverges, MaxReason)
	return bad.err()
}

// Digest tells whether two messages are the same one, imported twice.
func (m *Message) Digest() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{m.Channel, m.Sender, instant(m.At), m.Statement}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// MessageEdit is what a person may change of a message: whom it informed, and
// that it diverges from what was said elsewhere.
type MessageEdit struct {
	Audience Opt[string]
	Diverges Opt[string]
}

// MessageImport says what an import of messages did.
type MessageImport struct {
	File    string
	Added   int
	Skipped int // stored before
	// Digest covers the imported messages in their order; it is what the history keeps.
	Digest string
}

// Check normalises an edit and refuses texts that are too long.
func (e *MessageEdit) Check() error {
	var bad problems
	e.Audience.Value, e.Diverges.Value = NormalTitle(e.Audience.Value), NormalText(e.Diverges.Value)
	checkText(&bad, "audience", e.Audience.Value, MaxName)
	checkText(&bad, "diverges", e.Diverges.Value, MaxReason)
	return bad.err()
}

// ChatOptions say what an export does not spell out.
type ChatOptions struct {
	// Channel names the channel of messages that name none, Audience whom they inform.
	Channel, Audience string
	// Day and Zone complete times that are written without a date or a zone.
	Day  Date
	Zone *time.Location
	// Now is the present; times after it are left out.
	Now time.Time
}

// Chat is what an export says: messages, and remarks on what was left out.
type Chat struct {
	Messages []Message
	Notes    []string
}
