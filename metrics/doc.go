// Package metrics is the statistics room of Followthrough: pure functions that
// turn the history of measures and incidents into facts, curves, rates and
// reports. It does no input or output and reads no clock; every instant comes
// in as a value, so the same pins always give the same bytes.
//
// Three layers live here, each usable alone:
//
//   - estimators over plain numbers (KaplanMeier, AalenJohansen, LogRank,
//     MeanCumulativeFunction, Wilson, RateRatio, ...), named as the field names
//     them and tested against reference values computed elsewhere;
//   - facts: FactsOf folds the events of one measure, Snapshot keeps the folded
//     rows of a portfolio in columns;
//   - reports: Completion, Overdue, OnTime, ... evaluate a Snapshot under a
//     Cohort and say for each figure its n, its interval, the definition it
//     follows (A1 to C5) and whether there is enough data to show it.
//
// Conventions: durations are days (elapsed seconds / 86400) unless a comment
// says otherwise; a value that is not estimable, not reached or unbounded is
// NaN in an estimator and nil in a report; intervals are two-sided. Integers
// count, and floating-point sums run in time or row order, never in map order.
package metrics
