package app_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// A new key signs from its rotation on; the old one has signed the leaf that
// names it, and still verifies everything from before.
func TestRotateKey(t *testing.T) {
	w, kept, _ := newAudit(t)
	w.measure(nil)
	if err := w.Evidence.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, old := bytes.Clone(kept.note), must(w.db.LogHead(t.Context()))(t)

	if _, err := w.Evidence.RotateKey(t.Context(), auditor, "yearly"); domain.KindOf(err) != domain.ErrForbidden {
		t.Errorf("an auditor rotated the key: %v", err)
	}
	if _, err := w.Evidence.RotateKey(t.Context(), admin, ""); domain.KindOf(err) != domain.ErrInvalid {
		t.Errorf("no reason was asked for: %v", err)
	}
	// A rotation that stopped after its leaf goes on with the key that the leaf names.
	if err := w.db.AnnounceKey(t.Context(), "interrupted"); err != nil {
		t.Fatal(err)
	}
	key := must(w.Evidence.RotateKey(t.Context(), admin, "yearly"))(t)
	head := must(w.db.LogHead(t.Context()))(t)
	if key == old.Key || head.Key != key || head.Size != old.Size+1 || len(head.Former) != 1 || head.Former[0].Key != old.Key {
		t.Fatalf("after the rotation: %+v", head)
	}
	var said evidence.Leaf
	err := w.db.EachLeaf(t.Context(), old.Size, head.Size, func(r evidence.LogRow) (err error) { said, err = evidence.ParseLeaf(r.Leaf); return err })
	if want := evidence.Datum("key", key).To.Clear(); err != nil || said.Kind != evidence.KindKey || said.Data("key") != want || said.Data("before") != evidence.Datum("", old.Key).To.Clear() {
		t.Errorf("the leaf says %+v, %v", said, err)
	}

	opens := func(text string, keys string) int64 {
		c, err := evidence.OpenCheckpoint([]byte(text), must(evidence.ParseKeys(keys))(t))
		if err != nil {
			return -1
		}
		return c.Size
	}
	if opens(head.Former[0].Announcement, old.Key) != head.Size {
		t.Error("the old key has not signed the name of the new one")
	}
	if opens(string(before), old.Key) != old.Size || opens(string(before), key) != -1 || opens(string(kept.note), key) != head.Size || opens(string(kept.note), old.Key) != -1 {
		t.Error("old heads need the old key, new ones the new key, and each nothing else")
	}

	var pack bytes.Buffer
	q := app.PackQuery{From: must(domain.ParseDate("2026-01-01"))(t), To: must(domain.ParseDate("2026-12-31"))(t)}
	if _, err := w.Evidence.Export(t.Context(), auditor, q, &pack); err != nil {
		t.Fatal(err)
	}
	verify := func(keys string, since []byte) evidence.Verdict {
		return evidence.Verify(bytes.NewReader(pack.Bytes()), int64(pack.Len()), keys, since)
	}
	both := old.Key + "\n" + key
	for name, v := range map[string]evidence.Verdict{"the new key": verify(key, nil), "both keys": verify(both, nil), "a head of the old key": verify(both, before)} {
		if text := v.String(); v.ExitCode() != 0 || !strings.Contains(text, "the key that signs was changed") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if verify(old.Key, nil).ExitCode() == 0 || verify(key, before).ExitCode() == 0 {
		t.Error("a signature was taken without its key")
	}
	secondOpinion(t, pack.Bytes(), map[string]bool{key: true, old.Key + "," + key: true, old.Key: false})

	if err := w.Evidence.Check(t.Context(), auditor); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
	again := must(w.Evidence.RotateKey(t.Context(), admin, "stolen"))(t)
	if head := must(w.db.LogHead(t.Context()))(t); again == key || len(head.Former) != 2 || head.Former[1].Key != key {
		t.Errorf("after a second rotation: %+v", head)
	}
}

// secondOpinion asks docs/verify/verify.py.
func secondOpinion(t *testing.T, pack []byte, keys map[string]bool) {
	t.Helper()
	for _, tool := range []string{"python3", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("%s is not installed; the second verifier is not asked", tool)
			return
		}
	}
	file := filepath.Join(t.TempDir(), "pack.zip")
	if err := os.WriteFile(file, pack, 0o600); err != nil {
		t.Fatal(err)
	}
	for key, want := range keys {
		out, err := exec.CommandContext(t.Context(), "python3", "../docs/verify/verify.py", key, file).CombinedOutput()
		if (err == nil) != want {
			t.Errorf("the second verifier with %s: %s", key, out)
		}
	}
}

// A long reason with spaces stands in a leaf that can be read again.
func TestLongReasonsStayReadable(t *testing.T) {
	w, _, _ := newAudit(t)
	reason := strings.Repeat("ä ", 166)
	if _, err := w.Evidence.RotateKey(t.Context(), admin, reason); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Evidence.NewEpoch(t.Context(), admin, reason); err != nil {
		t.Fatal(err)
	}
	if err := w.Evidence.Await(t.Context(), auditor, w.at); err != nil {
		t.Errorf("the log cannot be read any more: %v", err)
	}
}
