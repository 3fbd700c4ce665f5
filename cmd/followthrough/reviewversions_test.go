package main

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestReviewVersionsOnTheCommandLine publishes three versions by two people, and
// then reads and compares them the way an operator does.
func TestReviewVersionsOnTheCommandLine(t *testing.T) {
	c := newTerminal(t)
	c.run("incident add --severity SEV2 --started 2026-03-01T10:00:00Z --title Outage")
	clock := &demoClock{}
	clock.moveTo(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	cfg := Config{DatabaseURL: "sqlite://followthrough.db", DataDir: c.folder, SecretKeyFile: filepath.Join(c.folder, "secret.key"), Zone: time.UTC, Language: "en", Migrate: true}
	p, err := openDemo(t.Context(), cfg, slog.New(slog.DiscardHandler), clock)
	if err != nil {
		t.Fatal(err)
	}
	ben, err := p.app.People.Create(t.Context(), operator(), domain.Person{ID: "p_ben", Name: "Ben", Role: domain.Admin})
	if err != nil {
		t.Fatal(err)
	}
	second := domain.Actor{ID: string(ben.ID), Role: ben.Role, Scope: domain.Everything(), Source: domain.FromUser}
	for _, summary := range []string{"First.", "Second.", "Third: {measures} measures."} {
		if _, err := p.app.Reviews.Edit(t.Context(), operator(), "INC-1", 0, domain.ReviewEdit{Summary: domain.Some(summary)}); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			by domain.Actor
			to domain.ReviewState
		}{{operator(), domain.ReviewInReview}, {second, domain.ReviewApproved}, {second, domain.ReviewPublished}, {second, domain.ReviewDraft}} {
			if _, err := p.app.Reviews.Step(t.Context(), step.by, "INC-1", 0, step.to, "go on"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := c.run("review add INC-1 --section role --kind scribe --person-id p_ben --deputy Vendor"); code != 0 {
		t.Fatal(errs)
	}
	for line, says := range map[string]string{
		"review document INC-1 --draft":                   "**Scribe** Ben (Deputy: Vendor)",
		"review document INC-1":                           "Third: 0 measures.",
		"review document INC-1 --version 1":               "First.",
		"review document INC-1 --version 2 --language de": "Fassung 2",
		"review versions INC-1 --json":                    `"summary":"Second."`,
		"review versions INC-1":                           "2026-03-02 09:00",
		"review compare INC-1 1 3":                        "Third: 0 measures.",
		"review compare INC-1 3 1 --csv":                  "summary,Third: 0 measures.,First.",
		"review show INC-1":                               `"summary":"Third: 0 measures."`,
	} {
		code, out, errs := c.run(line)
		if code != 0 || !strings.Contains(strings.ReplaceAll(out, `": "`, `":"`), says) {
			t.Errorf("%s: %d %s\n%.900s", line, code, errs, out)
		}
	}
}
