package metrics_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

func dumped(tb testing.TB, s *metrics.Snapshot) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := s.Dump(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestDumpComesBack(t *testing.T) {
	l := newLog(11).live(500)
	s, err := metrics.Fold(metrics.Chronicle{Changes: l.rows}, metrics.Cut{AsOf: l.now, Zone: zone(t, "Europe/Berlin")})
	if err != nil {
		t.Fatal(err)
	}
	s.Position = 4711
	text := dumped(t, s)
	back, err := metrics.ReadSnapshot(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if back.Position != 4711 || back.Len() != s.Len() || !back.Latest().Equal(s.Latest()) {
		t.Errorf("position %d, %d rows, latest %v", back.Position, back.Len(), back.Latest())
	}
	if !bytes.Equal(text, dumped(t, back)) {
		t.Error("the second dump differs from the first")
	}
	c := metrics.Cohort{Pins: metrics.Pins{AsOf: l.now, Policy: domain.DefaultPolicy()}}
	if d := cmp.Diff(everyReport(t, s, c), everyReport(t, back, c)); d != "" {
		t.Error(d)
	}
	// It goes on from there: new rows meet the same names and incidents.
	if _, err := back.Append(metrics.Record{Facts: factsOf(t, l), Number: 1, Incident: "INC-1", Team: "team-0"}); err != nil {
		t.Error(err)
	}
}

func factsOf(tb testing.TB, l *logged) metrics.Facts {
	tb.Helper()
	r, err := metrics.RecordOf(l.measures[0], l.rows, metrics.Cut{AsOf: l.now})
	if err != nil {
		tb.Fatal(err)
	}
	return r.Facts
}

func TestReadSnapshotRefuses(t *testing.T) {
	l := newLog(11).live(60)
	s, err := metrics.Fold(metrics.Chronicle{Changes: l.rows}, metrics.Cut{AsOf: l.now})
	if err != nil {
		t.Fatal(err)
	}
	good := dumped(t, s)
	flipped := bytes.Clone(good)
	flipped[len(flipped)-40] ^= 1
	for name, text := range map[string][]byte{
		"nothing":     nil,
		"other file":  []byte("PNG and so on, long enough to be read"),
		"torn":        good[:len(good)-10],
		"torn head":   good[:60],
		"one bit off": flipped,
		"no sum":      good[:len(good)-4],
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := metrics.ReadSnapshot(bytes.NewReader(text)); !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("error %v, want invalid", err)
			}
		})
	}
}

// FuzzReadSnapshot: whatever the bytes, reading ends in a snapshot or a refusal.
func FuzzReadSnapshot(f *testing.F) {
	l := newLog(11).live(30)
	s, err := metrics.Fold(metrics.Chronicle{Changes: l.rows}, metrics.Cut{AsOf: l.now})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(dumped(f, s))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := metrics.ReadSnapshot(bytes.NewReader(text)); err == nil && s == nil {
			t.Error("neither a snapshot nor an error")
		}
	})
}
