package evidence

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// packFormat is the version of the pack's format.
const packFormat = 1

// Scope says what a pack is about.
type Scope struct {
	Format int    `json:"format"`
	Log    string `json:"log"`
	// From and To are the first and last day of the period, UTC.
	From     string `json:"from"`
	To       string `json:"to"`
	Incident string `json:"incident"` // empty: all
	Team     string `json:"team"`     // empty: all
	// Upto is the size of the log when the pack was made: whole histories up to there are inside.
	Upto   int64  `json:"upto"`
	MadeAt string `json:"made_at"`
	App    string `json:"app"`
}

// NewScope is a period of everything; the caller narrows it.
func NewScope(log string, from, to domain.Date, upto int64, now time.Time, app string) Scope {
	return Scope{Format: packFormat, Log: log, From: from.String(), To: to.String(), Upto: upto, MadeAt: now.UTC().Format(timeFormat), App: app}
}

// Everything reports whether the pack must disclose every leaf.
func (s Scope) Everything() bool { return s.Incident == "" && s.Team == "" }

// end is the last instant of the period.
func (s Scope) end() (time.Time, error) {
	d, err := domain.ParseDate(s.To)
	if err != nil {
		return time.Time{}, err
	}
	day, err := time.Parse(dayFormat, d.String())
	return day.Add(24*time.Hour - time.Microsecond), err
}

func (s Scope) begin() (time.Time, error) { return time.Parse(dayFormat, s.From) }

// Check refuses a scope that no pack can have.
func (s Scope) Check() error {
	from, err := s.begin()
	if err != nil {
		return domain.Invalid("from", "%q is not a date; write 2026-01-31", s.From)
	}
	to, err := s.end()
	if err != nil {
		return domain.Invalid("to", "%q is not a date; write 2026-01-31", s.To)
	}
	if to.Before(from) {
		return domain.Invalid("to", "%s lies before from, %s", s.To, s.From)
	}
	return nil
}

func parseScope(data []byte) (Scope, error) {
	var s Scope
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("scope.json cannot be read")
	}
	if s.Format != packFormat {
		return s, fmt.Errorf("%w: the pack has format %d and this program reads %d", errUnjudged, s.Format, packFormat)
	}
	if string(jsonLines(s)) != string(data) {
		return s, fmt.Errorf("scope.json is not in its canonical form")
	}
	return s, s.Check()
}

// membership finds the subjects that a scope discloses.
type membership struct {
	scope    Scope
	in       map[[2]string]bool
	incident map[string]string // measure → incident, for the incidents of a team's measures
}

func newMembership(s Scope) *membership {
	return &membership{scope: s, in: map[[2]string]bool{}, incident: map[string]string{}}
}

// see looks at a leaf: a subject belongs to an incident or a team if it ever did.
func (m *membership) see(l *Leaf) {
	if l.Subject == "" {
		return
	}
	at := [2]string{l.Subject, l.Key}
	switch {
	case m.scope.Everything():
		m.in[at] = true
		return
	case l.Subject != "measure" && l.Subject != "incident":
		return
	case m.scope.Incident != "" && l.Subject == "incident" && l.Key == m.scope.Incident:
		m.in[at] = true
	}
	for _, f := range l.Fields {
		value := f.To.Clear()
		if m.scope.Incident != "" && l.Subject == "measure" && f.Name == "incident" && value == m.scope.Incident ||
			m.scope.Team != "" && f.Name == "team" && value == m.scope.Team {
			m.in[at] = true
		}
	}
}

// has reports whether a leaf is disclosed. Of the leaves about the log itself,
// the seal, the epochs and the keys always are.
func (m *membership) has(l *Leaf) bool {
	if l.Subject == "" {
		return m.scope.Everything() || l.Kind == KindSeal || l.Kind == KindEpoch || l.Kind == KindKey
	}
	return m.discloses(l.Subject, l.Key)
}

// discloses reports whether a subject is in scope. A review goes with the
// incident that has its key.
func (m *membership) discloses(subject, key string) bool {
	if subject == "review" && !m.scope.Everything() {
		subject = "incident"
	}
	return m.in[[2]string{subject, key}]
}

func hexDigest(sum [32]byte) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range sum {
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}
