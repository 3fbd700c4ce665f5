package metrics

import "math"

// funnel compares the on-time shares of groups with their common share: a group
// is flagged when the mid-p of Binomial(n, common share) is below 0.001.
func (s *Snapshot) funnel(r *ComparisonReport, rows []groupedRow, asOf int64) {
	groups := len(r.Groups)
	x, n := make([]int, groups), make([]int, groups)
	judged := rows[:0] // the rows are not needed any more
	for _, m := range rows {
		deadline, cause := int64(s.deadline[m.row])*1000, s.cause(m.row)
		if deadline == 0 || asOf < deadline || (cause == CauseCancelled && s.closed[m.row] < deadline) {
			continue
		}
		if s.entry[m.row] > 0 && deadline <= s.created[m.row]+int64(s.entry[m.row])*1000 {
			continue // passed before complete records begin, as in A4
		}
		n[m.group]++
		if cause == CauseDone && s.closed[m.row] < deadline {
			x[m.group]++
			m.group |= keptPromise
		}
		judged = append(judged, groupedRow{s.incident[m.row], m.group})
	}
	onTime := make([]Figure, groups)
	counts := newClusterCounts(s)
	for g, members := range splitByGroup(judged, n) {
		counts.reset()
		for _, m := range members {
			counts.add(m.row, m.group&keptPromise != 0)
		}
		onTime[g] = counts.figure("A12", "on_time_original", r.Groups[g].Group)
	}
	total := sum(n)
	if total == 0 {
		return
	}
	common := float64(sum(x)) / float64(total)
	r.OnTimeAll = number(common)
	for g := range r.Groups {
		p := &r.Groups[g].Funnel
		p.OnTime = onTime[g]
		if n[g] == 0 || common == 0 || common == 1 {
			p.Inner, p.Outer = Interval{common, common}, Interval{common, common}
			continue
		}
		pmf := binomialPMF(n[g], common)
		p.Inner, p.Outer = binomialLimits(pmf, 0.95), binomialLimits(pmf, 0.998)
		_, mid := binomialTestOf(pmf, x[g])
		p.MidP = number(mid)
		p.Flagged = p.OnTime.Shown && mid < funnelBelow
	}
}

// keptPromise marks a group number of one that was on time.
const keptPromise = maxGroups + 1

// splitByGroup brings the members of each group together in the order they are in;
// n are the sizes of the groups.
func splitByGroup(rows []groupedRow, n []int) [][]groupedRow {
	all, split := make([]groupedRow, len(rows)), make([][]groupedRow, len(n))
	for g, size := range n {
		split[g], all = all[:0:size], all[size:]
	}
	for _, m := range rows {
		g := m.group &^ keptPromise
		split[g] = append(split[g], m)
	}
	return split
}

// FunnelLimits are the shares between which a group of n lies with probability
// level when its true share is the common one p: quantiles of Binomial(n, p) over
// n, for drawing the funnel. p itself for n < 1 and for p of 0 or 1.
func FunnelLimits(n int, p, level float64) Interval {
	if n < 1 || !(p > 0 && p < 1) {
		return Interval{p, p}
	}
	return binomialLimits(binomialPMF(n, p), level)
}

// binomialLimits are the shares between which a group lies with probability
// level: the quantiles of its distribution over n.
func binomialLimits(pmf []float64, level float64) Interval {
	n := len(pmf) - 1
	alpha := (1 - level) / 2
	iv := Interval{math.NaN(), 1}
	cumulative := 0.0
	for i, q := range pmf {
		cumulative += q
		if math.IsNaN(iv.Lower) && cumulative >= alpha {
			iv.Lower = float64(i) / float64(n)
		}
		if cumulative >= 1-alpha {
			iv.Upper = float64(i) / float64(n)
			break
		}
	}
	return iv
}
