// Package verify runs the statistics of package metrics against files of
// reference cases: inputs with the values that other programs computed for
// them. One set is built in. Whoever doubts a number runs his own file.
//
// A file is one JSON object with schema "statistics-reference/1", a tolerance
// (relative, absolute) and cases, each with id, kind, tier, input and expected;
// null in an expected value means not estimable, not reached or unbounded.
package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

// schema is the file format this package reads.
const schema = "statistics-reference/1"

// maxFile bounds what is read, far above any sensible set of cases.
const maxFile = 256 << 20

// Builtin is the reference set that comes with the program.
func Builtin() io.Reader { return bytes.NewReader(metrics.Reference()) }

// Result is the outcome of one case.
type Result struct {
	ID, Kind, Tier string
	Passed         bool
	// Numbers is how many expected numbers were compared.
	Numbers int
	// Deviation is the largest relative deviation among them (absolute where the
	// expected number is 0).
	Deviation float64
	// Problem says what was wrong, with the path of the value; empty when passed.
	Problem string
}

// String is one line: case, result, largest deviation, problem.
func (r Result) String() string {
	verdict := "ok"
	if !r.Passed {
		verdict = "FAILED"
	}
	line := fmt.Sprintf("%s\t%s\t%.2g", r.ID, verdict, r.Deviation)
	if r.Problem != "" {
		line += "\t" + r.Problem
	}
	return line
}

type tolerance struct {
	Relative float64 `json:"relative"`
	Absolute float64 `json:"absolute"`
}

type file struct {
	Schema    string     `json:"schema"`
	Tolerance *tolerance `json:"tolerance"`
	Cases     []testCase `json:"cases"`
}

type testCase struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	Tier     string          `json:"tier"`
	Input    json.RawMessage `json:"input"`
	Expected json.RawMessage `json:"expected"`
}

// Print runs a file and writes a line for every case (case, result, largest
// deviation, problem) and a closing line "N passed, M failed". failed is what
// the exit code of a program goes by. Errors as Run, and those of writing.
func Print(w io.Writer, r io.Reader) (failed int, err error) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(s string) { _, _ = io.WriteString(table, s+"\n") } // what fails here fails in Flush
	line("case\tresult\tlargest deviation")
	passed, failed, err := Run(r, func(r Result) { line(r.String()) })
	if err != nil {
		return 0, err
	}
	if err := table.Flush(); err != nil {
		return failed, err
	}
	_, err = fmt.Fprintf(w, "%d passed, %d failed\n", passed, failed)
	return failed, err
}

// Run checks every case of a file and reports each in file order. A case of an
// unknown kind, without expected values or with input that is refused counts as
// failed. err is for a file that is no reference file at all.
func Run(r io.Reader, report func(Result)) (passed, failed int, err error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return 0, 0, fmt.Errorf("read reference file: %w", err)
	}
	if len(text) > maxFile {
		return 0, 0, domain.Errorf(domain.ErrInvalid, "the reference file is larger than %d MB; split it", maxFile>>20)
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return 0, 0, domain.Errorf(domain.ErrInvalid, "this is not a reference file: %v", err)
	}
	if f.Schema != schema {
		return 0, 0, domain.Errorf(domain.ErrInvalid, "the file has schema %q; only %q can be read", f.Schema, schema)
	}
	if f.Tolerance == nil || !(f.Tolerance.Relative >= 0) || !(f.Tolerance.Absolute >= 0) {
		return 0, 0, domain.Errorf(domain.ErrInvalid, "the file names no tolerance; give \"tolerance\": {\"relative\": 1e-6, \"absolute\": 1e-9}")
	}
	if len(f.Cases) == 0 {
		return 0, 0, domain.Errorf(domain.ErrInvalid, "the file holds no cases, so it proves nothing; add some under \"cases\"")
	}
	for _, c := range f.Cases {
		result := c.run(*f.Tolerance)
		if result.Passed {
			passed++
		} else {
			failed++
		}
		report(result)
	}
	return passed, failed, nil
}

func (c testCase) run(tol tolerance) Result {
	r := Result{ID: c.ID, Kind: c.Kind, Tier: c.Tier}
	compute := kind(c.Kind)
	if compute == nil {
		r.Problem = fmt.Sprintf("unknown kind %q", c.Kind)
		return r
	}
	var want any
	if err := json.Unmarshal(c.Expected, &want); err != nil {
		r.Problem = "expected values cannot be read: " + err.Error()
		return r
	}
	if m, ok := want.(map[string]any); !ok || len(m) == 0 {
		r.Problem = "no expected values"
		return r
	}
	got, err := compute(c.Input, c.Expected)
	if err != nil {
		r.Problem = err.Error()
		return r
	}
	cmp := comparison{tolerance: tol}
	cmp.compare("", want, tree(got))
	r.Numbers, r.Deviation, r.Problem = cmp.numbers, cmp.deviation, cmp.problem
	r.Passed = r.Problem == ""
	return r
}
