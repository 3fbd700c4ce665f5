package sync

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestOscillates: what a tracker sets back stops the link; people who work
// quickly in another tracker do not.
func TestOscillates(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	mark := func(found, wrote string) domain.WriteMark {
		return domain.WriteMark{At: now, Hash: wrote, Believed: map[domain.Field]string{domain.FieldTitle: found}, Wrote: map[domain.Field]string{domain.FieldTitle: wrote}}
	}
	var followed, setBack []domain.WriteMark
	for n := range 12 {
		followed = append(followed, mark(strconv.Itoa(n), strconv.Itoa(n+1)))
		setBack = append(setBack, mark("theirs", strconv.Itoa(n+1)))
	}
	tests := map[string]struct {
		marks []domain.WriteMark
		found string
		from  domain.Source
		want  string // empty: no loop
	}{
		"twelve edits in another tracker, passed on": {followed, "12", domain.FromGitHub, ""},
		"twelve writes, each set back":               {setBack, "theirs", domain.FromGitHub, `12 automatic writes in 10 minutes, each set back: title goes between "theirs" and "next"; the last change there is by octocat`},
		"each set back, but a person insists":        {setBack, "theirs", domain.FromUser, ""},
		"a few writes set back":                      {setBack[:5], "theirs", domain.FromGitHub, ""},
		"the same two values in turn":                {[]domain.WriteMark{mark("b", "a"), mark("a", "b"), mark("b", "a")}, "a", domain.FromJira, `the same two values in turn: title goes between "a" and "b"; the last change there is by octocat`},
		"long ago":                                   {[]domain.WriteMark{}, "theirs", domain.FromGitHub, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &step{e: New(Config{Now: func() time.Time { return now }})}
			s.link.Link.Writes = tt.marks
			s.link.Link.Snapshot = &domain.Snapshot{Actor: "octocat", Fields: map[domain.Field]domain.RemoteValue{domain.FieldTitle: {Value: tt.found}}}
			s.link.Measure.ChangedFrom = tt.from
			d := Decision{Write: []domain.Field{domain.FieldTitle}, Values: map[domain.Field]string{domain.FieldTitle: "next"}}
			if name == "the same two values in turn" {
				d.Values[domain.FieldTitle] = "b"
				for n := range s.link.Link.Writes {
					w := &s.link.Link.Writes[n]
					w.Hash = hashValues(Decision{Write: d.Write, Values: w.Wrote})
				}
			}
			if got := s.oscillates(d); tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
				t.Errorf("oscillates says %q, want %q", got, tt.want)
			}
		})
	}
}
