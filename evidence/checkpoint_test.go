package evidence

import (
	"crypto/rand"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// A witness may sign beside the log. A checkpoint that somebody kept is read
// with that; the one of a pack has one signature, because every byte counts.
func TestOtherSignatures(t *testing.T) {
	l := newTestLog(t).story()
	own := l.checkpoint()
	skey, _, err := note.GenerateKey(rand.Reader, "witness.example")
	if err != nil {
		t.Fatal(err)
	}
	witness, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	both, err := note.Sign(&note.Note{Text: own.text()}, l.signer, witness)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParseKeys(l.vkey)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := OpenCheckpoint(both, keys); err != nil || c.Root != own.Root || c.Size != own.Size {
		t.Errorf("with a witness beside it: %v", err)
	}
	if _, err := openOwn(both, keys); err == nil {
		t.Error("a pack's checkpoint has two signatures")
	}
	if _, err := OpenCheckpoint([]byte(strings.Replace(string(both), own.text(), own.text()+"more\n", 1)), keys); err == nil {
		t.Error("a changed text is signed")
	}
}

// What a pack says about clauses ends with its period, like its register.
func TestMappingEndsWithThePeriod(t *testing.T) {
	l := newTestLog(t).story() // its last changes are of 3 March
	count := func(to string) (n int) {
		s := l.scope()
		s.To = to
		d, err := NewDraft(t.Context(), s, l.each, l.vkey, nil)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(d.files[fileMapping]), `"count": 0`) // answers that nothing gives
	}
	if whole, first := count("2026-12-31"), count("2026-02-28"); first <= whole {
		t.Errorf("%d answers are empty for the year and %d before anything was written", whole, first)
	}
}
