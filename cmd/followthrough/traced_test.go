package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVerifyTouchesNothing: a pack is hostile to whoever verifies it (T31). The
// kernel's own record of a verification shows no socket, no other program and
// nothing that is written or made.
func TestVerifyTouchesNothing(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	c := newTerminal(t)
	c.ok("measure add --title", "Alert on lag")
	key := strings.TrimSpace(c.ok("evidence key"))
	pack := filepath.Join(c.folder, "pack.zip")
	c.ok("evidence export --from 2020-01-01 --out", pack)
	good, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	good[len(good)/2] ^= 1
	for file, want := range map[string]int{pack: exitFine, c.file("changed.zip", string(good)): exitFinding} {
		orders, err := json.Marshal(childOrders{Command: []string{"followthrough", "evidence", "verify", "--key", key, file}})
		if err != nil {
			t.Fatal(err)
		}
		record := filepath.Join(c.folder, "calls")
		cmd := exec.CommandContext(t.Context(), "strace", "-f", "-qq", "-o", record, "-e", "trace=%network,%file,%process", os.Args[0])
		cmd.Dir, cmd.Env = t.TempDir(), []string{childVariable + "=" + string(orders), "HOME=/nonexistent"}
		out, err := cmd.CombinedOutput()
		if strings.Contains(string(out), "PTRACE") || strings.Contains(string(out), "ptrace") {
			t.Skipf("nothing can be traced here: %s", out)
		}
		if code := cmd.ProcessState.ExitCode(); code != want {
			t.Fatalf("exit %d, want %d: %v %s", code, want, err, out)
		}
		calls, err := os.ReadFile(record)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(calls), filepath.Base(file)) {
			t.Fatal("the record does not even have the pack")
		}
		programs := 0
		for line := range strings.Lines(string(calls)) {
			for _, call := range []string{"socket(", "connect(", "bind(", "sendto(", "O_WRONLY", "O_RDWR", "O_CREAT", "mkdir", "unlink", "rename", "symlink", "fork("} {
				if strings.Contains(line, call) {
					t.Errorf("%s: %s", filepath.Base(file), strings.TrimSpace(line))
				}
			}
			if strings.Contains(line, "execve(") {
				programs++
			}
		}
		if programs != 1 {
			t.Errorf("%s: %d programs were run", filepath.Base(file), programs)
		}
	}
	// A pipe in the place of a pack is refused instead of waited for.
	if code, _, errs := c.run("evidence verify --key "+key, "/dev/null"); code != exitUsage || !strings.Contains(errs, "is not a file") {
		t.Errorf("a device: exit %d: %s", code, errs)
	}
}
