package metrics_test

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/followthrough/followthrough/metrics"
)

// sharedData is the folder of the shared data sets: FOLLOWTHROUGH_SHARED, else
// ../shared beside the repository. The test is skipped without it, and fails
// where FOLLOWTHROUGH_REQUIRE_SHARED=1 says that it must be there.
func sharedData(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("FOLLOWTHROUGH_SHARED")
	if root == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			if dir == filepath.Dir(dir) {
				t.Fatal("no go.mod above the test")
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(dir, "..", "shared")
	}
	path := filepath.Join(root, "data", name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("FOLLOWTHROUGH_REQUIRE_SHARED") == "1" {
			t.Fatalf("shared data are required and missing: %v", err)
		}
		t.Skipf("shared data are not here: %v", err)
	}
	return path
}

// table reads a CSV file into rows by column name.
func table(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out
}

// num reads a number; an empty field and NA are "not estimable".
func num(t *testing.T, text string) float64 {
	t.Helper()
	if text == "" || text == "NA" {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func agree(got, want float64) bool {
	if math.IsNaN(want) {
		return math.IsNaN(got)
	}
	return math.Abs(got-want) <= max(1e-9, 1e-6*math.Abs(want))
}

type survivalResult struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Data   string `json:"data"`
	Table  string `json:"table"`
	Groups []struct {
		Group     string      `json:"group"`
		N         int         `json:"n"`
		Events    int         `json:"events"`
		Median    *float64    `json:"median"`
		LogLog    [2]*float64 `json:"median_ci_loglog"`
		Log       [2]*float64 `json:"median_ci_log"`
		Plain     [2]*float64 `json:"median_ci_plain"`
		RMean     float64     `json:"rmean"`
		RMeanSE   float64     `json:"rmean_se"`
		RMeanUpTo float64     `json:"rmean_upto"`
	} `json:"groups"`
	LogRank []struct {
		Rho    int      `json:"rho"`
		ChiSq  float64  `json:"chisq"`
		DF     int      `json:"df"`
		Groups []string `json:"groups"`
	} `json:"logrank_and_peto"`
}

func pointer(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// TestSharedSurvivalSet holds Kaplan-Meier, quantiles, restricted mean, log-rank
// and the mean cumulative function against curves computed elsewhere.
func TestSharedSurvivalSet(t *testing.T) {
	text, err := os.ReadFile(sharedData(t, "survival/results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Results []survivalResult `json:"results"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Results) < 5 {
		t.Fatalf("only %d results in the set", len(set.Results))
	}
	for _, r := range set.Results {
		t.Run(r.ID, func(t *testing.T) {
			if r.Kind != "kaplan-meier" {
				compareMCF(t, r)
				return
			}
			groups := map[string][]metrics.Observation{}
			for _, row := range table(t, sharedData(t, "survival/"+r.Data)) {
				o := metrics.Observation{Time: num(t, row["time"]), Cause: uint8(num(t, row["status"]))}
				groups[row["group"]] = append(groups[row["group"]], o)
			}
			compareCurves(t, r, groups)
			compareSummaries(t, r, groups)
			compareLogRank(t, r, groups)
		})
	}
}

func compareCurves(t *testing.T, r survivalResult, groups map[string][]metrics.Observation) {
	numbers := 0
	curves := map[string]*metrics.SurvivalCurve{}
	steps := map[string]int{}
	for name, obs := range groups {
		c, err := metrics.KaplanMeier(obs)
		if err != nil {
			t.Fatal(err)
		}
		curves[name] = c
	}
	for _, row := range table(t, sharedData(t, "survival/"+r.Table)) {
		c, i := curves[row["group"]], steps[row["group"]]
		steps[row["group"]]++
		hazard, hazardSE := c.NelsonAalen()
		got := map[string]float64{
			"time": c.Time[i], "n_risk": float64(c.AtRisk[i]), "n_event": float64(c.Event[i]), "n_censor": float64(c.Censored[i]),
			"surv": c.Survival[i], "nelson_aalen": hazard[i], "se_nelson_aalen": hazardSE[i],
		}
		if c.Survival[i] > 0 {
			got["se_greenwood"] = c.StdErr(i)
		}
		if s := c.Survival[i]; s > 0 && s < 1 {
			for scale, name := range map[metrics.Transform]string{metrics.LogLog: "loglog", metrics.Log: "log", metrics.Plain: "plain"} {
				band := c.Band(i, scale, 0.95)
				got["lower_"+name], got["upper_"+name] = band.Lower, band.Upper
			}
		}
		for name, v := range got {
			numbers++
			if want := num(t, row[name]); !agree(v, want) {
				t.Errorf("group %s, time %s: %s is %v, want %v", row["group"], row["time"], name, v, want)
			}
		}
	}
	if numbers == 0 {
		t.Error("no number was compared")
	}
}

func compareSummaries(t *testing.T, r survivalResult, groups map[string][]metrics.Observation) {
	for _, g := range r.Groups {
		c, err := metrics.KaplanMeier(groups[g.Group])
		if err != nil {
			t.Fatal(err)
		}
		if c.N != g.N || c.Events != g.Events {
			t.Errorf("group %s: n %d, events %d; want %d, %d", g.Group, c.N, c.Events, g.N, g.Events)
		}
		for scale, limits := range map[metrics.Transform][2]*float64{metrics.LogLog: g.LogLog, metrics.Log: g.Log, metrics.Plain: g.Plain} {
			q := c.Quantile(0.5, scale, 0.95)
			if !agree(q.Value, pointer(g.Median)) || !agree(q.Interval.Lower, pointer(limits[0])) || !agree(q.Interval.Upper, pointer(limits[1])) {
				t.Errorf("group %s: median %+v, want %v (%v to %v)", g.Group, q, pointer(g.Median), pointer(limits[0]), pointer(limits[1]))
			}
		}
		if mean, se := c.RestrictedMean(g.RMeanUpTo); !agree(mean, g.RMean) || !agree(se, g.RMeanSE) {
			t.Errorf("group %s: restricted mean %v (%v), want %v (%v)", g.Group, mean, se, g.RMean, g.RMeanSE)
		}
	}
}

func compareLogRank(t *testing.T, r survivalResult, groups map[string][]metrics.Observation) {
	for _, l := range r.LogRank {
		if l.Rho != 0 {
			continue
		}
		var rows []metrics.Grouped
		for i, name := range l.Groups {
			for _, o := range groups[name] {
				rows = append(rows, metrics.Grouped{Observation: o, Group: i})
			}
		}
		test, err := metrics.LogRank(rows, len(l.Groups))
		if err != nil {
			t.Fatal(err)
		}
		if !agree(test.ChiSq, l.ChiSq) || test.DF != l.DF {
			t.Errorf("log-rank %v on %d df, want %v on %d", test.ChiSq, test.DF, l.ChiSq, l.DF)
		}
	}
}

func compareMCF(t *testing.T, r survivalResult) {
	groups := map[string]map[string]*metrics.Recurrent{}
	for _, row := range table(t, sharedData(t, "survival/"+r.Data)) {
		g := groups[row["group"]]
		if g == nil {
			g = map[string]*metrics.Recurrent{}
			groups[row["group"]] = g
		}
		start, stop := num(t, row["start"]), num(t, row["stop"])
		s := g[row["id"]]
		if s == nil {
			s = &metrics.Recurrent{Start: start, End: stop}
			g[row["id"]] = s
		}
		s.Start, s.End = min(s.Start, start), max(s.End, stop)
		if row["status"] == "1" {
			s.Events = append(s.Events, stop)
		}
	}
	curves := map[string]*metrics.MeanCumulative{}
	for name, g := range groups {
		var subjects []metrics.Recurrent
		for _, s := range g {
			subjects = append(subjects, *s)
		}
		m, err := metrics.MeanCumulativeFunction(subjects)
		if err != nil {
			t.Fatal(err)
		}
		curves[name] = m
	}
	rows := table(t, sharedData(t, "survival/"+r.Table))
	if len(rows) == 0 {
		t.Error("no number was compared")
	}
	for _, row := range rows {
		at := num(t, row["time"])
		if m := curves[row["group"]]; !agree(m.At(at), num(t, row["mcf"])) || !agree(m.StdErrAt(at), num(t, row["se_robust"])) {
			t.Errorf("group %s at %v: M %v (%v), want %s (%s)", row["group"], at, m.At(at), m.StdErrAt(at), row["mcf"], row["se_robust"])
		}
	}
}
