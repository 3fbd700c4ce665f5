package sync

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// kept are the write marks that the echo audit may still ask for: deliveries
// come late. The marks hold texts, so there are not many.
func kept(marks []domain.WriteMark, now time.Time) []domain.WriteMark {
	marks = slices.DeleteFunc(slices.Clone(marks), func(m domain.WriteMark) bool { return now.Sub(m.At) > time.Hour })
	return marks[max(0, len(marks)-maxMarks):]
}

const maxMarks = 12

// recent keeps the write marks of the last ten minutes.
func recent(marks []domain.WriteMark, now time.Time) []domain.WriteMark {
	return slices.DeleteFunc(slices.Clone(marks), func(m domain.WriteMark) bool { return now.Sub(m.At) > 10*time.Minute })
}

// oscillates is the loop breaker (T89): the same two sets of values in turn, or
// many writes of values that were set back in between, without a person's
// change here. Many edits of people in another tracker are no loop: here
// nobody touches what we wrote. It says what went on, or nothing.
func (s *step) oscillates(d Decision) string {
	if !s.automatic() {
		return ""
	}
	marks := recent(s.link.Link.Writes, s.e.Now())
	if n := len(marks); n >= 3 {
		h := hashValues(d)
		if marks[n-2].Hash == h && marks[n-1].Hash == marks[n-3].Hash && marks[n-1].Hash != h {
			return s.turns("the same two values in turn", d, marks[n-1].Wrote)
		}
	}
	found := valuesOf(*s.link.Link.Snapshot, d.Write)
	if n := contested(append(marks, domain.WriteMark{Believed: found, Wrote: d.Values})); n > maxContested {
		return s.turns(fmt.Sprintf("%d automatic writes in 10 minutes, each set back", n), d, found)
	}
	return ""
}

// turns says which field goes back and forth, between which values.
func (s *step) turns(what string, d Decision, other map[domain.Field]string) string {
	by := ""
	if actor := s.link.Link.Snapshot.Actor; actor != "" {
		by = "; the last change there is by " + actor
	}
	for _, f := range d.Write {
		if v, ok := other[f]; ok && v != d.Values[f] {
			return fmt.Sprintf("%s: %s goes between %q and %q%s; stop what sets it back, then resume the link", what, f, clip(v), clip(d.Values[f]), by)
		}
	}
	return what + by + "; stop what sets the values back, then resume the link"
}

// maxContested is how many contested writes in ten minutes are still an argument
// between people.
const maxContested = 6

// contested counts the writes before which the tracker no longer had what we
// had written there last.
func contested(marks []domain.WriteMark) int {
	wrote, n := map[domain.Field]string{}, 0
	for _, m := range marks {
		for f := range m.Wrote {
			if ours, ok := wrote[f]; ok && ours != m.Believed[f] {
				n++
				break
			}
		}
		maps.Copy(wrote, m.Wrote)
	}
	return n
}

func (s *step) automatic() bool {
	from := s.link.Measure.ChangedFrom
	return from == domain.FromGitHub || from == domain.FromJira || from == domain.FromSystem
}

func hashValues(d Decision) string {
	h := fnv.New64a()
	for _, f := range d.Write {
		fmt.Fprintf(h, "%s\x00%s\x00", f, d.Values[f])
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

// stop ends the synchronisation of a link until a person looks at it; the
// history says why.
func (s *step) stop(ctx context.Context, state domain.LinkState, reason string) error {
	link := s.link.Link
	change := domain.LinkStateChange(link, state, reason)
	link.State, link.Reason = state, reason
	s.report.problem(s.link, reason)
	return s.commit(ctx, link, nil, nil, change)
}
