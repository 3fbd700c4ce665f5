package verify

import (
	"encoding/json"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/metrics"
)

type survivalInput struct {
	Time   []float64 `json:"time"`
	Codes  []int     `json:"status"`
	Entry  []float64 `json:"entry"`
	Group  []int     `json:"group"`
	Strata []int     `json:"strata"`
	Conf   float64   `json:"conf"`
}

func (in survivalInput) observations() ([]metrics.Observation, error) {
	n := len(in.Time)
	if len(in.Codes) != n || (in.Entry != nil && len(in.Entry) != n) ||
		(in.Group != nil && len(in.Group) != n) || (in.Strata != nil && len(in.Strata) != n) {
		return nil, domain.Errorf(domain.ErrInvalid, "time has %d rows and another column has not; give one value per row", n)
	}
	obs := make([]metrics.Observation, n)
	for i := range obs {
		if in.Codes[i] < 0 || in.Codes[i] > 255 {
			return nil, domain.Errorf(domain.ErrInvalid, "status[%d] is %d; use 0 (censored), 1, 2", i, in.Codes[i])
		}
		obs[i] = metrics.Observation{Time: in.Time[i], Cause: uint8(in.Codes[i])}
		if in.Entry != nil {
			obs[i].Entry = in.Entry[i]
		}
	}
	return obs, nil
}

// lookAt says at which times and levels a reference looked.
type lookAt struct {
	At struct {
		T []float64 `json:"t"`
	} `json:"at"`
	Quantiles struct {
		P []float64 `json:"p"`
	} `json:"quantiles"`
	RMST struct {
		Tau float64 `json:"tau"`
	} `json:"rmst"`
}

func kaplanMeier(input, expected json.RawMessage) (any, error) {
	var in survivalInput
	var at lookAt
	if err := read(input, &in); err != nil {
		return nil, err
	}
	if err := look(expected, &at); err != nil {
		return nil, err
	}
	obs, err := in.observations()
	if err != nil {
		return nil, err
	}
	c, err := metrics.KaplanMeier(obs)
	if err != nil {
		return nil, err
	}
	hazard, hazardSE := c.NelsonAalen()
	mean, meanSE := c.RestrictedMean(at.RMST.Tau)
	out := object{
		"n": c.N, "events": c.Events, "time": c.Time, "n_risk": c.AtRisk, "n_event": c.Event, "n_censor": c.Censored,
		"surv": c.Survival, "cumhaz": hazard, "cumhaz_se": hazardSE,
		"rmst": object{"tau": at.RMST.Tau, "value": mean, "se": meanSE},
	}
	var se []float64
	for i := range c.Time {
		se = append(se, c.StdErr(i))
	}
	out["std_err"] = se
	quantiles := object{"p": at.Quantiles.P}
	for name, scale := range map[string]metrics.Transform{"loglog": metrics.LogLog, "log": metrics.Log, "plain": metrics.Plain} {
		out["ci_"+name] = bands(len(c.Time), func(i int) metrics.Interval { return c.Band(i, scale, in.Conf) })
		var value, lower, upper []float64
		for _, p := range at.Quantiles.P {
			q := c.Quantile(p, scale, in.Conf)
			value, lower, upper = append(value, q.Value), append(lower, q.Interval.Lower), append(upper, q.Interval.Upper)
		}
		quantiles[name] = object{"value": value, "lower": lower, "upper": upper}
	}
	out["quantiles"] = quantiles
	var surv []float64
	var risk []int
	for _, t := range at.At.T {
		surv, risk = append(surv, c.At(t)), append(risk, c.AtRiskAt(t))
	}
	out["at"] = object{"t": at.At.T, "surv": surv, "n_risk": risk}
	return out, nil
}

func bands(n int, at func(i int) metrics.Interval) object {
	lower, upper := make([]float64, n), make([]float64, n)
	for i := range n {
		iv := at(i)
		lower[i], upper[i] = iv.Lower, iv.Upper
	}
	return object{"lower": lower, "upper": upper}
}

func aalenJohansen(input, expected json.RawMessage) (any, error) {
	var in survivalInput
	var at struct {
		Causes []lookAt `json:"causes"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	if err := look(expected, &at); err != nil {
		return nil, err
	}
	obs, err := in.observations()
	if err != nil {
		return nil, err
	}
	c, err := metrics.AalenJohansen(obs)
	if err != nil {
		return nil, err
	}
	var events []int
	var causes []any
	for k := range c.Cause {
		f := &c.Cause[k]
		events = append(events, f.Events)
		var where lookAt
		if k < len(at.Causes) {
			where = at.Causes[k]
		}
		causes = append(causes, cause(f, k+1, where, in.Conf))
	}
	return object{"n": c.N, "events": events, "time": c.Time, "n_risk": c.AtRisk, "event_free": c.EventFree, "causes": causes}, nil
}

func cause(f *metrics.Incidence, number int, at lookAt, conf float64) object {
	out := object{"cause": number, "cif": f.F, "naive_one_minus_km_at_end": f.NaiveAtEnd()}
	var se []float64
	for i := range f.F {
		se = append(se, f.StdErr(i))
	}
	out["se"] = se
	band := bands(len(f.F), func(i int) metrics.Interval { return f.Band(i, conf) })
	out["lower"], out["upper"] = band["lower"], band["upper"]
	var cif, atSE, lower, upper, quantiles []float64
	for _, t := range at.At.T {
		p := f.At(t, conf)
		cif, atSE = append(cif, p.F), append(atSE, p.StdErr)
		lower, upper = append(lower, p.Interval.Lower), append(upper, p.Interval.Upper)
	}
	out["at"] = object{"t": at.At.T, "cif": cif, "se": atSE, "lower": lower, "upper": upper}
	for _, p := range at.Quantiles.P {
		quantiles = append(quantiles, f.Quantile(p))
	}
	out["quantiles"] = object{"p": at.Quantiles.P, "value": quantiles}
	return out
}

func logRank(input, _ json.RawMessage) (any, error) {
	var in survivalInput
	if err := read(input, &in); err != nil {
		return nil, err
	}
	obs, err := in.observations()
	if err != nil {
		return nil, err
	}
	groups := 0
	rows := make([]metrics.Grouped, len(obs))
	for i := range obs {
		if in.Group == nil || in.Group[i] < 1 || in.Group[i] > len(obs) {
			return nil, domain.Errorf(domain.ErrInvalid, "row %d has no group; number the groups from 1", i)
		}
		rows[i] = metrics.Grouped{Observation: obs[i], Group: in.Group[i] - 1}
		if in.Strata != nil {
			rows[i].Stratum = in.Strata[i]
		}
		groups = max(groups, in.Group[i])
	}
	t, err := metrics.LogRank(rows, groups)
	if err != nil {
		return nil, err
	}
	return object{"n": t.N, "observed": t.Observed, "expected": t.Expected, "var": t.Variance, "chisq": t.ChiSq, "df": t.DF, "p": t.P}, nil
}

func meanCumulative(input, expected json.RawMessage) (any, error) {
	var in struct {
		Conf     float64 `json:"conf"`
		Subjects []struct {
			Start  float64   `json:"start"`
			End    float64   `json:"end"`
			Events []float64 `json:"events"`
		} `json:"subjects"`
	}
	var at lookAt
	if err := read(input, &in); err != nil {
		return nil, err
	}
	if err := look(expected, &at); err != nil {
		return nil, err
	}
	var subjects []metrics.Recurrent
	for _, s := range in.Subjects {
		subjects = append(subjects, metrics.Recurrent(s))
	}
	m, err := metrics.MeanCumulativeFunction(subjects)
	if err != nil {
		return nil, err
	}
	var se, poisson []float64
	for i := range m.Time {
		se, poisson = append(se, m.StdErr(i)), append(poisson, m.PoissonStdErr(i))
	}
	band := bands(len(m.Time), func(i int) metrics.Interval { return m.Band(i, in.Conf) })
	var mcf, atSE []float64
	for _, t := range at.At.T {
		mcf, atSE = append(mcf, m.At(t)), append(atSE, m.StdErrAt(t))
	}
	return object{
		"subjects": m.Subjects, "events": m.Events, "exposure": m.Exposure, "time": m.Time, "n_risk": m.AtRisk, "n_event": m.Event,
		"mcf": m.M, "se_robust": se, "se_poisson": poisson, "lower_log": band["lower"], "upper_log": band["upper"],
		"at": object{"t": at.At.T, "mcf": mcf, "se_robust": atSE},
	}, nil
}

func andersenGill(input, _ json.RawMessage) (any, error) {
	var in struct {
		ID    []int       `json:"id"`
		Start []float64   `json:"start"`
		Stop  []float64   `json:"stop"`
		Event []int       `json:"event"`
		X     [][]float64 `json:"x"`
	}
	if err := read(input, &in); err != nil {
		return nil, err
	}
	n := len(in.ID)
	rows := make([]metrics.Covered, n)
	if len(in.Start) != n || len(in.Stop) != n || len(in.Event) != n {
		return nil, domain.Errorf(domain.ErrInvalid, "id has %d rows and another column has not; give one value per row", n)
	}
	for i := range rows {
		rows[i] = metrics.Covered{ID: in.ID[i], Start: in.Start[i], Stop: in.Stop[i], Event: in.Event[i] != 0}
		for _, x := range in.X {
			if len(x) != n {
				return nil, domain.Errorf(domain.ErrInvalid, "a covariate has %d values for %d rows", len(x), n)
			}
			rows[i].X = append(rows[i].X, x[i])
		}
	}
	f, err := metrics.FitAndersenGill(rows)
	if err != nil {
		return nil, err
	}
	return object{"coef": f.Coef, "se": f.SE, "se_robust": f.SERobust}, nil
}
