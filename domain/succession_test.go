package domain_test

import (
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// TestSuccessorOfACheckMeasure: what takes over from a measure of the crisis
// check closes the same gap, unless it belongs to an incident now.
func TestSuccessorOfACheckMeasure(t *testing.T) {
	first := domain.Measure{Key: "M-1", Check: "CHK-1", Question: "backups.restored", Priority: domain.P2}
	if n := (domain.NewMeasure{Title: "x"}).From(first); n.Check != "CHK-1" || n.Question != "backups.restored" {
		t.Errorf("the successor belongs to %q %q", n.Check, n.Question)
	}
	if n := (domain.NewMeasure{Title: "x", Incident: "INC-1"}).From(first); n.Check != "" || n.Question != "" || n.Incident != "INC-1" {
		t.Errorf("a successor of an incident belongs to %q as well", n.Check)
	}
}
