package evidence

import (
	"errors"
	"fmt"
	"strings"
)

// Result is the outcome of one question about a pack.
type Result string

// The results.
const (
	OK           Result = "ok"
	Wrong        Result = "wrong"
	CannotJudge  Result = "cannot judge"
	notJudgedYet Result = ""
)

// Verdict answers two questions apart: is everything in the pack as the log
// has it (integrity), and is everything in the pack that should be (completeness).
type Verdict struct {
	Integrity    Result
	Completeness Result
	// Findings say why a result is not OK.
	Findings []string
	// Notes say what the pack does not show, without being wrong.
	Notes      []string
	Origin     string
	Size       int64
	Root       string
	Leaves     int // disclosed
	Subjects   int // disclosed
	Hidden     int // subjects that are not disclosed
	Unopened   int // values that were erased
	Scope      Scope
	Flags      int
	SinceSize  int64 // of the older checkpoint, when one was given
	SinceGiven bool
}

// ExitCode is 0 when everything is right, 1 when something is wrong, 2 when it
// cannot be judged.
func (v Verdict) ExitCode() int {
	switch {
	case v.Integrity == Wrong || v.Completeness == Wrong:
		return 1
	case v.Integrity == OK && v.Completeness == OK:
		return 0
	}
	return 2
}

// String is the verdict as the command prints it.
func (v Verdict) String() string {
	var b strings.Builder
	if v.ExitCode() == 0 {
		fmt.Fprintf(&b, "OK size=%d root=%s leaves=%d subjects=%d hidden=%d erased=%d\n", v.Size, v.Root, v.Leaves, v.Subjects, v.Hidden, v.Unopened)
	} else {
		fmt.Fprintf(&b, "NOT OK\n")
	}
	fmt.Fprintf(&b, "integrity: %s\ncompleteness: %s\n", v.Integrity, v.Completeness)
	for _, f := range v.Findings {
		fmt.Fprintf(&b, "finding: %s\n", f)
	}
	for _, n := range v.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}

// fail notes an error that ends the verification.
func (v *Verdict) fail(err error) {
	v.Integrity, v.Completeness = Wrong, CannotJudge
	if errors.Is(err, errUnjudged) {
		v.Integrity = CannotJudge
	}
	v.Findings = append(v.Findings, strings.TrimPrefix(err.Error(), errUnjudged.Error()+": "))
}

// incomplete notes something that is missing.
func (v *Verdict) incomplete(r Result, format string, args ...any) {
	if v.Completeness != Wrong {
		v.Completeness = r
	}
	if len(v.Findings) < 20 {
		v.Findings = append(v.Findings, fmt.Sprintf(format, args...))
	}
}
