package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestProbe: a success metric is read from a server that the operator has
// allowed, and shown with its measure.
func TestProbe(t *testing.T) {
	document := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"data":{"p95":12.5}}`) }))
	defer document.Close()
	c := newTerminal(t)
	step := func(code int, says, line string, more ...string) {
		t.Helper()
		if got, out, errs := c.run(line, more...); got != code || !strings.Contains(out+errs, says) {
			t.Errorf("%s: exit %d, want %d; want %q in\n%s%s", line, got, code, says, out, errs)
		}
	}
	step(exitFine, "M-1", "measure add", "--title", "Alert on lag", "--metric", "lag; target at_most 15 min")
	set := "measure probe M-1 --now --kind json --query /data/p95 --url " + document.URL
	step(exitFinding, "no host may be probed", set)
	c.env = append(c.env, "FOLLOWTHROUGH_PROBE_HOSTS="+document.URL)
	step(exitFine, "json "+document.URL+" /data/p95\nevery 24 h, last reading 2", set)
	step(exitFine, "12.5 at ", "measure show M-1")
	step(exitUsage, "exclude", "measure probe M-1 --remove --url x")
	step(exitFine, "read no more", "measure probe M-1 --remove")
	step(exitFinding, "does not exist", "measure probe M-1")
}
