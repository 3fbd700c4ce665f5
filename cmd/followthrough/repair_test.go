package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// cli runs a command on the house's data, as a person beside the service does.
func (h *house) cli(stdin string, args ...string) (code int, out string) {
	h.t.Helper()
	var text bytes.Buffer
	env := &environmentOf{environ: os.Environ(), stdin: strings.NewReader(stdin), stdout: &text, stderr: &text, use: h.program}
	return env.run(h.t.Context(), append([]string{"followthrough"}, args...)), text.String()
}

// TestDriftRepair: a person breaks the block of an issue; drift lists what is
// missing, a repair shows its plan, asks, and writes only after a yes.
func TestDriftRepair(t *testing.T) {
	h := newHouse(t, "sqlite://test.db")
	key := h.measureOn(onGitHub, "To be repaired")
	h.pass()
	if code, out := h.cli("", "drift", string(onGitHub)); code != exitFine || !strings.Contains(out, "1 links compared, both sides are equal") {
		t.Fatalf("before: exit %d\n%s", code, out)
	}
	if err := h.gh.As("ana").Rewrite(houseRepo, h.issue(key).Number, "The block is gone."); err != nil {
		t.Fatal(err)
	}
	h.pass()
	code, out := h.cli("", "drift", string(onGitHub))
	if code != exitFinding || !strings.Contains(out, "due_on") || !strings.Contains(out, "the issue does not show it") {
		t.Fatalf("with a broken block: exit %d\n%s", code, out)
	}
	writes := h.writes()
	if code, out = h.cli("n\n", "drift", string(onGitHub), "--repair"); code != exitFinding || h.writes() != writes {
		t.Errorf("after a no: exit %d, %d writes\n%s", code, h.writes()-writes, out)
	}
	code, out = h.cli("y\n", "drift", string(onGitHub), "--repair")
	if code != exitFine || h.writes() != writes+1 || !strings.Contains(out, "write due_on") {
		t.Errorf("after a yes: exit %d, %d writes\n%s", code, h.writes()-writes, out)
	}
	if body := h.issue(key).Body; !strings.Contains(body, "- **Due:** "+h.measure(key).DueOn.String()) || !strings.HasPrefix(body, "The block is gone.") {
		t.Errorf("the body is\n%s", body)
	}
	if m := h.measure(key); m.Description != "The block is gone." {
		t.Errorf("the description is %q", m.Description)
	}
}
