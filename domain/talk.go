package domain

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Talk is how an incident was talked about: what a person would look for in
// hundreds of messages.
type Talk struct {
	// From and To bound the incident: detection (or start) to resolution.
	From, To time.Time
	// Limit is the longest silence the policy allows at the severity; 0 is none.
	Limit    time.Duration
	Messages int
	// Dated counts the messages with a time inside From to To.
	Dated int
	// Undated and Outside count those without a time, and before or after.
	Undated, Outside int
	// Longest is the longest silence, anywhere.
	Longest time.Duration
	// Gaps are the silences longer than Limit, of everybody first, then by audience.
	Gaps  []Gap
	Lanes []Lane
	// Never are the audiences of the policy that no message informed.
	Never []string
	// Diverging are the messages that a person marked.
	Diverging []Message
}

// Gap is a silence. Audience is empty for a silence towards everybody.
type Gap struct {
	Audience string
	From, To time.Time
}

// Lane is one channel over time.
type Lane struct {
	Channel   string
	Messages  int
	First     time.Time
	Last      time.Time
	Audiences []string
	// Times are when something was said, as far as it is known. They are kept
	// with a published version, which draws its lanes from them for ever.
	Times []time.Time
}

// Outline is what was said without who and what: enough to draw the lanes of a
// version whose messages are changed, added to or erased later.
func (t *Talk) Outline() []Message {
	var out []Message
	for _, l := range t.Lanes {
		for _, at := range l.Times {
			out = append(out, Message{Channel: l.Channel, At: at})
		}
	}
	for _, m := range t.Diverging {
		n := slices.IndexFunc(out, func(o Message) bool { return o.Channel == m.Channel && o.At.Equal(m.At) && o.Diverges == "" })
		if n >= 0 {
			out[n].Diverges = m.Diverges
		}
	}
	return out
}

// TalkOf judges the messages of an incident. Without a detection or start, or
// before its end, the messages themselves bound the time.
func TalkOf(i Incident, messages []Message, p Policy) Talk {
	t := Talk{From: i.StartedAt, To: i.ResolvedAt, Limit: p.Silence(i.Severity), Messages: len(messages)}
	if !i.DetectedAt.IsZero() {
		t.From = i.DetectedAt
	}
	dated := make([]Message, 0, len(messages))
	for _, m := range messages {
		if m.Diverges != "" {
			t.Diverging = append(t.Diverging, m)
		}
		if m.At.IsZero() {
			t.Undated++
			continue
		}
		dated = append(dated, m)
	}
	slices.SortStableFunc(dated, func(a, b Message) int { return a.At.Compare(b.At) })
	if len(dated) > 0 && t.From.IsZero() {
		t.From = dated[0].At
	}
	if len(dated) > 0 && t.To.IsZero() {
		t.To = dated[len(dated)-1].At
	}
	within := slices.DeleteFunc(slices.Clone(dated), func(m Message) bool { return m.At.Before(t.From) || m.At.After(t.To) })
	t.Dated, t.Outside = len(within), len(dated)-len(within)
	t.Lanes = lanesOf(messages)
	t.silences(within, p)
	return t
}

func (t *Talk) silences(within []Message, p Policy) {
	if len(within) > 0 {
		for _, gap := range silencesOf("", within, t.From, t.To, 0) {
			t.Longest = max(t.Longest, gap.To.Sub(gap.From))
		}
		if t.Limit > 0 {
			t.Gaps = silencesOf("", within, t.From, t.To, t.Limit)
		}
	}
	for _, audience := range p.Informed() {
		heard := slices.DeleteFunc(slices.Clone(within), func(m Message) bool { return !informs(m, audience) })
		switch {
		case len(heard) == 0 && t.Messages > 0:
			t.Never = append(t.Never, audience)
		case len(heard) > 0 && t.Limit > 0:
			t.Gaps = append(t.Gaps, silencesOf(audience, heard, t.From, t.To, t.Limit)...)
		}
	}
}

// Silences counts the gaps towards everybody.
func (t *Talk) Silences() int {
	n := 0
	for _, g := range t.Gaps {
		if g.Audience == "" {
			n++
		}
	}
	return n
}

// informs reports whether a message was for an audience; one may name several.
func informs(m Message, audience string) bool {
	for name := range strings.SplitSeq(m.Audience, ",") {
		if strings.EqualFold(strings.TrimSpace(name), audience) {
			return true
		}
	}
	return false
}

func silencesOf(audience string, messages []Message, from, to time.Time, longer time.Duration) []Gap {
	var out []Gap
	last := from
	for n := 0; n <= len(messages); n++ {
		at := to
		if n < len(messages) {
			at = messages[n].At
		}
		if at.Sub(last) > longer {
			out = append(out, Gap{audience, last, at})
		}
		last = at
	}
	return out
}

func lanesOf(messages []Message) []Lane {
	places := map[string]int{}
	var lanes []Lane
	for _, m := range messages {
		n, ok := places[m.Channel]
		if !ok {
			n = len(lanes)
			places[m.Channel] = n
			lanes = append(lanes, Lane{Channel: m.Channel})
		}
		l := &lanes[n]
		l.Messages++
		if !m.At.IsZero() {
			l.Times = append(l.Times, m.At)
		}
		if !m.At.IsZero() && (l.First.IsZero() || m.At.Before(l.First)) {
			l.First = m.At
		}
		if m.At.After(l.Last) {
			l.Last = m.At
		}
		if m.Audience != "" && !slices.Contains(l.Audiences, m.Audience) && len(l.Audiences) < 10 {
			l.Audiences = append(l.Audiences, m.Audience)
		}
	}
	slices.SortFunc(lanes, func(a, b Lane) int {
		return cmp.Or(b.Messages-a.Messages, strings.Compare(a.Channel, b.Channel))
	})
	return lanes
}
