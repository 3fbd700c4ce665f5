package verify

import (
	"encoding/json"
	"math"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

func proportion(input, _ json.RawMessage) (any, error) {
	var in struct {
		X    int     `json:"x"`
		N    int     `json:"n"`
		Conf float64 `json:"conf"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	w, err := metrics.Wilson(in.X, in.N, in.Conf)
	if err != nil {
		return nil, err
	}
	e, err := metrics.ClopperPearson(in.X, in.N, in.Conf)
	if err != nil {
		return nil, err
	}
	return object{
		"p": w.P, "wilson_lower": w.Interval.Lower, "wilson_upper": w.Interval.Upper,
		"exact_lower": e.Interval.Lower, "exact_upper": e.Interval.Upper,
	}, nil
}

func proportionDifference(input, _ json.RawMessage) (any, error) {
	var in struct {
		X1   int     `json:"x1"`
		N1   int     `json:"n1"`
		X2   int     `json:"x2"`
		N2   int     `json:"n2"`
		Conf float64 `json:"conf"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	d, iv, err := metrics.NewcombeDifference(in.X1, in.N1, in.X2, in.N2, in.Conf)
	return object{"diff": d, "lower": iv.Lower, "upper": iv.Upper}, err
}

func clusteredProportion(input, _ json.RawMessage) (any, error) {
	var in struct {
		Done  []int   `json:"done"`
		Total []int   `json:"total"`
		Conf  float64 `json:"conf"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	c, err := metrics.ClusteredProportion(in.Done, in.Total, in.Conf)
	return object{
		"p": c.P, "n": c.N, "clusters": c.Clusters, "var_cluster": c.Variance, "deff": c.DesignEffect, "n_eff": c.EffectiveN,
		"lower": c.Interval.Lower, "upper": c.Interval.Upper,
	}, err
}

func poissonRate(input, _ json.RawMessage) (any, error) {
	var in struct {
		Events   int     `json:"events"`
		Exposure float64 `json:"exposure"`
		Conf     float64 `json:"conf"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	r, err := metrics.PoissonRate(in.Events, in.Exposure, in.Conf)
	return object{"rate": r.Rate, "lower": r.Interval.Lower, "upper": r.Interval.Upper}, err
}

func rateRatio(input, _ json.RawMessage) (any, error) {
	var in struct {
		EventsAfter    int     `json:"events_after"`
		ExposureAfter  float64 `json:"exposure_after"`
		EventsBefore   int     `json:"events_before"`
		ExposureBefore float64 `json:"exposure_before"`
		Conf           float64 `json:"conf"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	r, err := metrics.RateRatio(in.EventsAfter, in.ExposureAfter, in.EventsBefore, in.ExposureBefore, in.Conf)
	return object{"ratio": r.Ratio, "lower": r.Interval.Lower, "upper": r.Interval.Upper, "p_exact": r.P, "p_midp": r.MidP}, err
}

func rateRatioMH(input, _ json.RawMessage) (any, error) {
	var in struct {
		EventsAfter    []int     `json:"events_after"`
		ExposureAfter  []float64 `json:"exposure_after"`
		EventsBefore   []int     `json:"events_before"`
		ExposureBefore []float64 `json:"exposure_before"`
		Conf           float64   `json:"conf"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	n := len(in.EventsAfter)
	if len(in.ExposureAfter) != n || len(in.EventsBefore) != n || len(in.ExposureBefore) != n {
		return nil, domain.Errorf(domain.ErrInvalid, "events_after has %d strata and another column has not; give one value per stratum", n)
	}
	strata := make([]metrics.Stratum, n)
	for i := range strata {
		strata[i] = metrics.Stratum{
			EventsAfter: in.EventsAfter[i], ExposureAfter: in.ExposureAfter[i],
			EventsBefore: in.EventsBefore[i], ExposureBefore: in.ExposureBefore[i],
		}
	}
	r, err := metrics.MantelHaenszelRateRatio(strata, in.Conf)
	return object{"ratio": r.Ratio, "se_log": r.SELog, "lower": r.Interval.Lower, "upper": r.Interval.Upper}, err
}

func trend(input, _ json.RawMessage) (any, error) {
	var in struct {
		Conf    float64 `json:"conf"`
		Systems []struct {
			Times            []float64 `json:"times"`
			End              float64   `json:"end"`
			FailureTruncated bool      `json:"failure_truncated"`
		} `json:"systems"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	var systems []metrics.System
	for _, s := range in.Systems {
		systems = append(systems, metrics.System(s))
	}
	t, err := metrics.EventTrend(systems, in.Conf)
	if err != nil {
		return nil, err
	}
	out := object{
		"n_used": t.N, "laplace_u": t.LaplaceU, "laplace_p": t.LaplaceP,
		"milhdbk_chisq": t.ChiSquare, "milhdbk_df": t.DF, "milhdbk_p_two_sided": t.P,
	}
	if m := t.PowerLaw; m != nil {
		out["power_law"] = object{
			"n": m.N, "beta_mle": m.Beta, "beta_unbiased": m.BetaUnbiased, "lambda_mle": m.Lambda,
			"intensity_at_end": m.IntensityAtEnd, "beta_lower": m.BetaInterval.Lower, "beta_upper": m.BetaInterval.Upper,
		}
	}
	return out, nil
}

func shift(input, _ json.RawMessage) (any, error) {
	var in struct {
		Before []float64 `json:"before"`
		After  []float64 `json:"after"`
		Conf   float64   `json:"conf"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	s, err := metrics.HodgesLehmannShift(in.Before, in.After, in.Conf)
	if err != nil {
		return nil, err
	}
	out := object{
		"u": s.U, "superiority": s.Superiority, "cliffs_delta": s.CliffsDelta, "hodges_lehmann": s.HodgesLehmann,
		"lower": s.Interval.Lower, "upper": s.Interval.Upper, "order_index": s.OrderIndex,
		"median_before": s.MedianBefore, "median_after": s.MedianAfter,
	}
	if s.Exact {
		out["p_exact"] = s.P
	} else {
		out["p_normal_corrected"] = s.P
	}
	return out, nil
}

func individualsChart(input, _ json.RawMessage) (any, error) {
	var in struct {
		Baseline []float64 `json:"baseline"`
		Post     []float64 `json:"post"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	x, err := metrics.IndividualsChart(in.Baseline, in.Post)
	return object{
		"center": x.Center, "mean_moving_range": x.MeanMovingRange, "upper": x.Limits.Upper, "lower": x.Limits.Lower,
		"points_outside": x.Outside, "longest_run_one_side": x.LongestRun,
	}, err
}

func interruptedSeries(input, _ json.RawMessage) (any, error) {
	var in struct {
		Y           []float64 `json:"y"`
		ChangeIndex int       `json:"change_index"`
		Lag         *int      `json:"lag"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	lag := -1
	if in.Lag != nil {
		lag = *in.Lag
	}
	s, err := metrics.InterruptedTimeSeries(in.Y, in.ChangeIndex, lag)
	return object{
		"intercept": s.Intercept, "slope_before": s.SlopeBefore, "level_change": s.LevelChange, "slope_change": s.SlopeChange,
		"se_ols": s.SEOrdinary, "se_newey_west": s.SENeweyWest, "durbin_watson": s.DurbinWatson, "lag": s.Lag,
	}, err
}

func forecast(input, expected json.RawMessage) (any, error) {
	var in struct {
		Backlog        int   `json:"backlog"`
		WeeklyDone     []int `json:"weekly_done"`
		WeeklyArrivals []int `json:"weekly_arrivals"`
		MaxWeeks       int   `json:"max_weeks"`
	}
	var at struct {
		Percentiles []float64 `json:"percentiles"`
		CDFWeeks    []int     `json:"cdf_weeks"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	if err := look(expected, &at); err != nil {
		return nil, err
	}
	f, err := metrics.BacklogForecast(in.Backlog, in.WeeklyDone, in.WeeklyArrivals, in.MaxWeeks)
	if err != nil {
		return nil, err
	}
	var weeks, cdf []float64
	for _, p := range at.Percentiles {
		w := math.NaN()
		if week, ok := f.Weeks(p); ok {
			w = float64(week)
		}
		weeks = append(weeks, w)
	}
	for _, w := range at.CDFWeeks {
		cdf = append(cdf, f.ByWeek(w))
	}
	return object{"percentiles": at.Percentiles, "weeks": weeks, "cdf_weeks": at.CDFWeeks, "cdf": cdf}, nil
}
