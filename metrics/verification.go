package metrics

import (
	"strconv"

	"github.com/followthrough/followthrough/domain"
)

// VerificationReport is how claims of done are looked at (A9).
type VerificationReport struct {
	Cohort       Cohort
	Verified     Figure // verified / completed at least 30 days ago
	Effective    Figure // effective / verified with a verdict that decides
	Verdicts     []Figure
	LagMedian    Figure // days from done to verified, reopening competing
	ReopenRate   Figure // ever reopened after done / ever done
	Debt         Figure // completed, not verified, older than 30 days
	NoVerdictYet int
}

// Verification evaluates completed measures. Errors as Completion.
func Verification(s *Snapshot, c Cohort) (VerificationReport, error) {
	sel, err := s.begin(&c)
	if err != nil {
		return VerificationReport{}, err
	}
	r := VerificationReport{Cohort: c}
	verified, effective, reopened := newClusterCounts(s), newClusterCounts(s), newClusterCounts(s)
	verdicts := make([]int, len(domain.Verdicts())+1)
	var e exits
	debt, old := 0, 0
	asOf := c.asOf()
	after := c.Policy.Windows.OrDefault().Verify // v: completions that old should be verified
	matured := asOf - int64(after)*msPerDay
	for _, row := range sel.rows {
		if s.flags[row]&impossibleRow != 0 {
			continue
		}
		e.packed = s.verificationLags(row, asOf, e.packed)
		if s.flags[row]&wasDone != 0 {
			reopened.add(s.incident[row], s.flags[row]&reopenedDone != 0)
		}
		if s.cause(row) != CauseDone {
			continue
		}
		isVerified := s.state[row] == StateVerified
		if s.closed[row] <= matured {
			old++
			verified.add(s.incident[row], isVerified)
			if !isVerified {
				debt++
			}
		} else if !isVerified {
			r.NoVerdictYet++
		}
		if isVerified {
			verdicts[s.verdict[row]]++
			switch s.verdictOf(row) {
			case domain.Effective, domain.Partly, domain.Ineffective:
				effective.add(s.incident[row], s.verdictOf(row) == domain.Effective)
			case domain.Inconclusive, domain.NotMeasurable:
			}
		}
	}
	v := strconv.Itoa(after)
	r.Verified, r.Effective = verified.figure("A9", "verified", v), effective.figure("A9", "effective", "")
	r.ReopenRate = reopened.figure("A9", "reopened", "")
	r.Debt = census("A9", "verification_debt", v, debt, old)
	for i, name := range enumNames(domain.Verdicts()) {
		r.Verdicts = append(r.Verdicts, census("A9", "verdict", name, verdicts[i], sum(verdicts)))
	}
	curves := aalenJohansen(e.table(), 1)
	lag := &curves.Cause[0]
	q := lag.QuantileInterval(0.5, conf)
	f := Figure{ID: "A9", Name: "verification_lag", Group: percent(0.5), Unit: "days", N: curves.N, Events: lag.Events}
	r.LagMedian = f.with(q.Value, q.Interval).needs(f.N, minCurveItems, "completions").needs(f.Events, minCurveEvents, "verifications")
	return r, nil
}

// The causes of an end of waiting for verification.
const (
	lagVerified = 1
	lagReopened = 2
)

// verificationLags appends the waits of a row: from every done to its
// verification, its reopening or as_of.
func (s *Snapshot) verificationLags(row int32, asOf int64, to []uint64) []uint64 {
	pack := func(took int64, cause uint64) { to = append(to, uint64(max(0, took))<<causeBits|cause) }
	if s.reopened[row] > 0 {
		spells := s.earlier[row]
		for i := 0; i+1 < len(spells); i++ {
			switch sp := spells[i]; {
			case sp.cause != CauseDone:
			case sp.verified != 0:
				pack(sp.verified-sp.out, lagVerified)
			default:
				pack(spells[i+1].in-sp.out, lagReopened)
			}
		}
	}
	switch s.state[row] {
	case StateVerified:
		pack(int64(s.verified[row]-1)*1000, lagVerified)
	case StateDone:
		pack(asOf-s.closed[row], 0)
	case StateOpen, StateCancelled:
	}
	return to
}

func (s *Snapshot) verdictOf(row int32) domain.Verdict {
	if v := s.verdict[row]; v > 0 {
		return domain.Verdicts()[v-1]
	}
	return ""
}

func sum(values []int) int {
	total := 0
	for _, v := range values {
		total += v
	}
	return total
}
