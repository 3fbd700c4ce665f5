package main

import (
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// What scripts read has the names and forms of the API, not those of Go.
func TestPrintJSON(t *testing.T) {
	due, err := domain.ParseDate("2026-12-08")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = printJSON(&out, map[string]any{
		"measure": domain.Measure{Key: "M-1", Title: "a <b>", DueOn: due, CreatedAt: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)},
		"row":     domain.Change{Seq: 7, Attribution: domain.Attribution{Source: domain.FromUser, Reason: "asked"}}, "none": []domain.Link(nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"key": "M-1"`, `"title": "a <b>"`, `"due_on": "2026-12-08"`, `"created_at": "2026-11-24T09:30:00.000Z"`, `"done_at": null`, `"owner": null`,
		`"closure_reason": null`, `"due_moves": 0`, `"seq": 7`, `"reason": "asked"`, `"none": []`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "0001-01-01") || strings.Contains(out.String(), "Attribution") {
		t.Errorf("names or times of Go in\n%s", out.String())
	}
}
