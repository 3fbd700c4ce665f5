package evidence

import (
	"bytes"
	"strconv"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// restore goes back to the first kept leaves, as a restored backup does, and
// begins an epoch; saying says how many leaves its leaf claims to have kept.
func (l *testLog) restore(kept int, saying int64) {
	l.t.Helper()
	lost := int64(len(l.rows))
	l.rows = l.rows[:kept]
	l.last = map[[2]string][2]int64{}
	for n, r := range l.rows {
		if r.Change != nil {
			l.last[[2]string{string(r.Change.Subject), r.Change.Key}] = [2]int64{r.Change.SubjectSeq, int64(n)}
		}
	}
	l.epoch++
	l.about(KindEpoch, Epoch{Number: l.epoch, Lost: lost, Kept: saying, Reason: "restored"}.Data("")...)
}

// What an auditor kept before a restore is judged by what the log says about
// the restore: on leaves that it says were lost nothing can be judged, on
// leaves that it says were kept everything must agree.
func TestEpochs(t *testing.T) {
	for name, c := range map[string]struct {
		since     int // leaves of the auditor's checkpoint
		kept      int
		saying    int64
		want      int
		rewritten bool
	}{
		"on kept leaves":                       {10, 12, 12, 0, false},
		"on lost leaves":                       {15, 12, 12, 2, false},
		"on leaves that were lost, it says":    {10, 8, 8, 2, false},
		"on more leaves than there are now":    {20, 5, 5, 2, false},
		"a leaf that says more than there was": {10, 8, 9, 1, false},
		"on kept leaves that were rewritten":   {10, 12, 12, 1, true},
		"on lost leaves, all rewritten":        {15, 12, 12, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newTestLog(t).story()
			before := l.rows
			if c.rewritten {
				before = newTestLog(t).story().rows
			}
			var r Range
			for _, row := range before[:c.since] {
				r.Add(tlog.RecordHash(row.Leaf))
			}
			since, err := Sign(l.signer, 0, r.Size(), r.Root())
			if err != nil {
				t.Fatal(err)
			}
			l.restore(c.kept, c.saying)
			for n := range 8 {
				l.set("M-9"+strconv.Itoa(n), "title", "", "after the restore")
			}
			pack := l.pack(l.scope(), nil, nil)
			v := l.verify(pack, since.Note)
			if v.ExitCode() != c.want {
				t.Errorf("exit %d, want %d: %s", v.ExitCode(), c.want, v)
			}
			folder := t.TempDir()
			write(t, folder+"/since", since.Note)
			write(t, folder+"/pack", pack)
			if got := secondVerifier(t, l.vkey, []string{folder + "/pack"}, "--since", folder+"/since"); got[folder+"/pack"] != c.want {
				t.Errorf("the second verifier: exit %d, want %d", got[folder+"/pack"], c.want)
			}
		})
	}
}

// A checkpoint of an epoch that no leaf tells of is not the log's, however well
// it is signed; nor is one that leaves out the last epoch.
func TestEpochNeedsItsLeaf(t *testing.T) {
	l := newTestLog(t).story()
	l.epoch = 1
	if v := l.verify(l.pack(l.scope(), nil, nil), nil); v.ExitCode() != 1 {
		t.Errorf("an epoch out of nothing: %s", v)
	}
	l.epoch = 0
	l.restore(10, 10)
	good := l.pack(l.scope(), nil, nil)
	if v := l.verify(good, nil); v.ExitCode() != 0 {
		t.Errorf("after a restore: %s", v)
	}
	l.epoch = 0
	if v := l.verify(l.pack(l.scope(), nil, nil), nil); v.ExitCode() != 1 {
		t.Errorf("an epoch that the checkpoint leaves out: %s", v)
	}
	later, err := Sign(l.signer, 5, 9, tlog.Hash{})
	if err != nil {
		t.Fatal(err)
	}
	if v := Verify(bytes.NewReader(good), int64(len(good)), l.vkey, later.Note); v.ExitCode() != 2 {
		t.Errorf("against a checkpoint of a later epoch: %s", v)
	}
}
