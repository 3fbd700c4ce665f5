package web

import (
	"bytes"
	"html"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// The auditor reads the log, samples it, and takes a pack along that verifies.
func TestAuditorsPage(t *testing.T) {
	w := newWorld(t)
	w.demo()
	w.many(1, 60) // two thirds of them done, before there was anybody to ask for evidence
	b := w.as("auditor")
	b.get("/evidence").want(200).says("Evidence for auditors", "never: nobody outside has seen a signed head", "ISO 22301:2019", "done without evidence")
	b.get("/evidence/traces").want(200).says("INC-1", "Rota with deputies", "time to detect replication lag: at most ", "30 days")
	b.get("/evidence/register").want(200).says("67 measures", "Alert on replication lag over 30 s", "INC-1")
	b.get("/evidence/flags?flag=done_without_evidence").want(200).says("places to look at twice", "is done without evidence")
	b.get("/evidence/flags?flag=verified_by_owner").want(200).says("None.")
	b.get("/evidence?known_on=2020-01-01").want(200).says("0 measures", "0 incidents to sample from")
	b.get("/evidence/traces?known_on=2020-01-01").want(200).says("0 of 0 incidents")
	b.get("/evidence/register?cursor=M-50").want(200).says("M-51", "M-67", "First page")
	b.get("/evidence/flags?flag=guilty").want(422)
	b.get("/evidence/flags?cursor=-1").want(422)
	if csv := b.get("/evidence/register.csv?known_on=2026-12-31").want(200); !strings.Contains(string(csv.body), "\nM-1,INC-1,") {
		t.Errorf("register:\n%s", csv.body)
	}
	for _, path := range []string{"/evidence", "/evidence/flags", "/evidence/traces", "/evidence/register", "/evidence/register.csv"} {
		b.get(path + "?known_on=tomorrow").want(422)
		w.as("member").get(path).want(403)
	}
	note := b.get("/evidence/checkpoint.txt").want(200)
	pack := b.post("/evidence/pack", "from", "2026-01-01", "to", "2026-12-31", "incident", "INC-1").want(200)
	head, err := w.db.LogHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if v := evidence.Verify(bytes.NewReader(pack.body), int64(len(pack.body)), head.Key, note.body); v.ExitCode() != 0 {
		t.Errorf("the pack: %s", v)
	}
	b.get("/evidence").want(200).says("Last externally witnessed", "0 hours ago", "pack evidence-2026-01-01-2026-12-31-INC-1.zip")
	b.post("/evidence/pack", "from", "2026-12-31", "to", "2026-01-01").want(422).says("2026-12-31")
	b.post("/evidence/pack", "from", "2026-01-01", "to", "2026-12-31", "incident", "INC-99").want(404)
	if strings.Contains(string(w.as("member").get("/measures").want(200).body), `href="/evidence"`) {
		t.Error("a member is led to a page that is refused")
	}
	admin := domain.Actor{Source: domain.FromUser, ID: "p_admin", Role: domain.Admin, Scope: domain.Everything()}
	if _, err := w.app.Evidence.RotateKey(t.Context(), admin, "yearly"); err != nil {
		t.Fatal(err)
	}
	b.get("/evidence").want(200).says("Keys that signed before", html.EscapeString(head.Key), "Each signed the name of the next key")
	w.incident("<script>alert(1)</script>")
	if page := b.get("/evidence/traces?sample=x").want(200); bytes.Contains(page.body, []byte("<script>alert")) {
		t.Error("a title runs on the page")
	}
}
