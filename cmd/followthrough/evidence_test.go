package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ok runs a command that must succeed and returns what it says.
func (c *terminal) ok(line string, more ...string) string {
	c.t.Helper()
	code, out, errs := c.run(line, more...)
	if code != exitFine {
		c.t.Fatalf("%s: exit %d: %s%s", line, code, out, errs)
	}
	return out
}

// second runs the verifier that shares no code with this program.
func second(t *testing.T, args ...string) (int, string) {
	t.Helper()
	for _, tool := range []string{"python3", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	out, err := exec.CommandContext(t.Context(), "python3", append([]string{"../../docs/verify/verify.py"}, args...)...).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), string(out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, string(out)
}

// TestEvidenceEndToEnd is an audit: things change, a pack is handed out and
// verified by both verifiers, is tampered with and found out; then an old
// backup is restored, and the log says so.
func TestEvidenceEndToEnd(t *testing.T) {
	c := newTerminal(t)
	c.ok("incident add --title", "Search was slow", "--severity", "SEV3")
	c.ok("measure add --title", "Alert on lag", "--incident", "INC-1", "--kind", "detect", "--priority", "P1")
	c.ok("measure edit M-1 --title", "Alert on lag over 30 s")
	backup := filepath.Join(c.folder, "backup.db")
	c.ok("backup", backup)
	old := c.file("old.txt", c.ok("evidence checkpoint"))
	c.ok("measure edit M-1 --title", "Ask Zwetschge")
	c.ok("measure add --title", "Rehearse the failover")

	key := strings.TrimSpace(c.ok("evidence key"))
	for name, scope := range map[string][]string{"all": nil, "incident": {"--incident", "INC-1"}} {
		pack := filepath.Join(c.folder, name+".zip")
		c.ok("evidence export --from 2020-01-01 --out", append([]string{pack}, scope...)...)
		out := c.ok("evidence verify --key", key, "--since", old, pack)
		for _, want := range []string{"OK size=", "integrity: ok", "completeness: ok", "continues the checkpoint"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, out)
			}
		}
		if code, out := second(t, "--since", old, key, pack); code != 0 || !strings.Contains(out, "OK size=") {
			t.Errorf("%s: the second verifier: exit %d: %s", name, code, out)
		}
		content, err := os.ReadFile(pack)
		if err != nil {
			t.Fatal(err)
		}
		tampered := c.file("tampered.zip", string(bytes.Replace(content, []byte("Alert on lag"), []byte("Alert on lug"), 1)))
		if code, out, _ := c.run("evidence verify --key", key, tampered); code != exitFinding || !strings.Contains(out, "integrity: wrong") {
			t.Errorf("%s: a tampered pack: exit %d: %s", name, code, out)
		}
		if code, _ := second(t, key, tampered); code != 1 {
			t.Errorf("%s: the second verifier takes a tampered pack: exit %d", name, code)
		}
		if code, _, errs := c.run("evidence export --from 2020-01-01 --out", pack); code != exitFinding || !strings.Contains(errs, "exists already") {
			t.Errorf("a pack was overwritten: exit %d: %s", code, errs)
		}
	}
	notes := c.file("notes.zip", "no pack at all, but long enough to be looked at")
	if code, out, _ := c.run("evidence verify --key", key, notes); code == exitFine {
		t.Errorf("any file is a pack: %s", out)
	}
	if code, _, _ := c.run("evidence verify --key nonsense+1+2", notes); code != exitUsage {
		t.Errorf("a wrong key: exit %d, want 2: cannot be judged", code)
	}

	// Erasure leaves every proof as it is.
	if out := c.ok("evidence erase measure M-1 --field title --reason", "Art. 17"); !strings.Contains(out, "values erased") {
		t.Errorf("erase says %q", out)
	}
	pack := filepath.Join(c.folder, "erased.zip")
	c.ok("evidence export --from 2020-01-01 --out", pack)
	if out := c.ok("evidence verify --key", key, pack); !strings.Contains(out, "were erased; the log says so") {
		t.Errorf("after the erasure: %s", out)
	}
	if code, out := second(t, key, pack); code != 0 {
		t.Errorf("the second verifier after the erasure: exit %d: %s", code, out)
	}
	c.ok("evidence check")
	late := c.file("late.txt", c.ok("evidence checkpoint"))

	// An old backup: what was signed since is gone, and the log says so.
	if out := c.ok("restore", backup); !strings.Contains(out, "begins epoch 1") {
		t.Errorf("the restore says %q", out)
	}
	c.ok("evidence check")
	after := filepath.Join(c.folder, "after.zip")
	c.ok("evidence export --from 2020-01-01 --out", after)
	c.ok("evidence verify --key", key, "--since", old, after)
	code, out, _ := c.run("evidence verify --key", key, "--since", late, after)
	if code != 2 {
		t.Errorf("the restored log against a later checkpoint: exit %d: %s", code, out)
	}
	if status := c.ok("evidence status"); !strings.Contains(status, "epoch 1") || !strings.Contains(status, "seen by  pack") {
		t.Errorf("status: %s", status)
	}
	c.ok("doctor --offline")
}

// The register of a date is the same bytes at any later time.
func TestRegisterKnownOn(t *testing.T) {
	c := newTerminal(t)
	c.ok("measure add --title", "Alert on lag")
	tomorrow := "2099-01-01"
	first := c.ok("evidence register --known-on", tomorrow)
	if !strings.Contains(first, "M-1,,Alert on lag") {
		t.Errorf("register:\n%s", first)
	}
	if past := c.ok("evidence register --known-on 2020-01-01"); strings.Contains(past, "M-1") {
		t.Errorf("known before it was written:\n%s", past)
	}
	c.ok("evidence flags")
	if proof := c.ok("evidence proof 1"); !strings.HasPrefix(proof, "c2sp.org/tlog-proof@v1\nextra ") || !strings.Contains(proof, "\nindex 1\n") {
		t.Errorf("proof of a leaf:\n%s", proof)
	}
	for arg, want := range map[string]int{"99999": exitFinding, "one": exitUsage} {
		if code, _, errs := c.run("evidence proof " + arg); code != want || !strings.Contains(errs, arg) {
			t.Errorf("proof of leaf %s: exit %d: %s", arg, code, errs)
		}
	}
	if code, _, errs := c.run("evidence register --known-on yesterday"); code != exitUsage || !strings.Contains(errs, "--known-on") {
		t.Errorf("a wrong date: exit %d: %s", code, errs)
	}
}
