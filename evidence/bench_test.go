package evidence

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/followthrough/followthrough/domain"
)

// bigLog is a log of n leaves: ten changes of each measure, a hundred measures of each incident.
func bigLog(b *testing.B, n int) *testLog {
	b.Helper()
	l := newTestLog(b)
	random := make([]byte, 1<<16)
	_, _ = rand.Read(random)
	for at := 1; at < n; at++ {
		m := (at - 1) / 10
		key := fmt.Sprintf("M-%d", m+1)
		switch (at - 1) % 10 {
		case 0:
			l.create(key, domain.Measure{Title: "A measure of middling length, as they are", Incident: domain.IncidentKey(fmt.Sprintf("INC-%d", m/100+1)), Status: domain.Proposed, Kind: domain.Prevent, Priority: domain.P1, Owner: "p_bo-y2"})
		default:
			l.set(key, "title", fmt.Sprint("Title before ", at), fmt.Sprint("Title after ", at))
		}
	}
	for n := range 1 + n/1000 {
		l.change(domain.SubjectIncident, fmt.Sprintf("INC-%d", n+1), domain.IncidentCreated(domain.Incident{Title: "An incident", Severity: domain.SEV2, Status: domain.IncidentNew}))
	}
	return l
}

// BenchmarkVerify verifies packs: everything disclosed, and one incident of
// 1,000 leaves out of a log.
func BenchmarkVerify(b *testing.B) {
	for _, c := range []struct {
		leaves   int
		incident string
	}{{10_000, ""}, {100_000, ""}, {1_000_000, "INC-7"}, {1_000_000, ""}} {
		b.Run(fmt.Sprintf("%d leaves, incident %q", c.leaves, c.incident), func(b *testing.B) {
			if c.leaves > 100_000 && testing.Short() {
				b.Skip("a million leaves take a while to make")
			}
			l := bigLog(b, c.leaves)
			s := l.scope()
			s.Incident = c.incident
			pack := l.pack(s, nil, nil)
			vkey := l.vkey
			l.rows = nil
			b.ReportMetric(float64(len(pack))/(1<<20), "MiB")
			b.ReportAllocs()
			before := processTime()
			for b.Loop() {
				if v := Verify(bytes.NewReader(pack), int64(len(pack)), vkey, nil); v.ExitCode() != 0 {
					b.Fatal(v)
				}
			}
			b.ReportMetric((processTime()-before).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

func BenchmarkExport(b *testing.B) {
	l := bigLog(b, 10_000)
	before := processTime()
	for b.Loop() {
		l.pack(l.scope(), nil, nil)
	}
	b.ReportMetric((processTime()-before).Seconds()/float64(b.N), "cpu-s/op")
}

func BenchmarkProof(b *testing.B) {
	hashes := make([]tlog.Hash, 1_000_000)
	for n := range hashes {
		hashes[n] = tlog.RecordHash(fmt.Append(nil, n))
	}
	tree, err := NewTree(hashes)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		proof, err := tree.Prove(123_456)
		if err != nil || len(proof) != 20 {
			b.Fatal(len(proof), err)
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	vkey := newTestLog(b).vkey
	for name, pack := range hostilePacks(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if v := Verify(bytes.NewReader(pack), int64(len(pack)), vkey, nil); v.ExitCode() == 0 {
					b.Fatal(v)
				}
			}
		})
	}
}

func BenchmarkLeaf(b *testing.B) {
	c := testChange()
	o := Origin{Log: testName, App: "test", Random: func(p []byte) { _, _ = rand.Read(p) }}
	for b.Loop() {
		l, _ := NewLeaf(c, o)
		if _, err := l.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}
