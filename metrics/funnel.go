package metrics

import "math"

// funnel compares the on-time shares of groups with their common share: a group
// is flagged when the mid-p of Binomial(n, common share) is below 0.001.
func (s *Snapshot) funnel(r *ComparisonReport, groups [][]int32, asOf int64) {
	x, n := make([]int, len(groups)), make([]int, len(groups))
	counts := make([]*clusterCounts, len(groups))
	for g, rows := range groups {
		counts[g] = newClusterCounts(s)
		for _, row := range rows {
			deadline := int64(s.deadline[row]) * 1000
			cause := s.cause(row)
			if deadline == 0 || asOf < deadline || (cause == CauseCancelled && s.closed[row] < deadline) {
				continue
			}
			kept := cause == CauseDone && s.closed[row] < deadline
			counts[g].add(s.incident[row], kept)
			n[g]++
			if kept {
				x[g]++
			}
		}
	}
	total := sum(n)
	if total == 0 {
		return
	}
	common := float64(sum(x)) / float64(total)
	r.OnTimeAll = number(common)
	for g := range groups {
		p := &r.Groups[g].Funnel
		p.OnTime = counts[g].figure("A12", "on_time_original", r.Groups[g].Group)
		if n[g] == 0 || common == 0 || common == 1 {
			p.Inner, p.Outer = Interval{common, common}, Interval{common, common}
			continue
		}
		p.Inner, p.Outer = binomialLimits(n[g], common, 0.95), binomialLimits(n[g], common, 0.998)
		_, mid := binomialTest(x[g], n[g], common)
		p.MidP = number(mid)
		p.Flagged = p.OnTime.Shown && mid < funnelBelow
	}
}

// binomialLimits are the shares between which a group of n lies with probability
// level when its true share is p: the quantiles of Binomial(n, p) over n.
func binomialLimits(n int, p, level float64) Interval {
	alpha := (1 - level) / 2
	iv := Interval{math.NaN(), 1}
	cumulative := 0.0
	for i := range n + 1 {
		cumulative += math.Exp(logBinomial(i, n, p))
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
