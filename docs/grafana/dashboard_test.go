// Package grafana_test holds the dashboard to what the service exports.
package grafana_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exported are the metrics of the service with their labels.
func exported() map[string][]string {
	measure, tracker := []string{"priority", "team"}, []string{"tracker"}
	return map[string][]string{
		"followthrough_measures_open":         measure,
		"followthrough_measures_overdue":      measure,
		"followthrough_measures_past_promise": measure,
		"followthrough_sync_lag_seconds":      tracker,
		"followthrough_conflicts_open":        tracker,
		"followthrough_quota_remaining":       tracker,
		"followthrough_quota_limit":           tracker,
	}
}

type dashboard struct {
	Title         string `json:"title"`
	UID           string `json:"uid"`
	SchemaVersion int    `json:"schemaVersion"`
	Templating    struct {
		List []struct {
			Name       string          `json:"name"`
			Type       string          `json:"type"`
			Definition string          `json:"definition"`
			Query      json.RawMessage `json:"query"`
		} `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	GridPos     struct {
		X, Y, W, H int
	} `json:"gridPos"`
	Targets []struct {
		Expr       string `json:"expr"`
		RefID      string `json:"refId"`
		Datasource struct{ Type, UID string }
	} `json:"targets"`
}

func load(t *testing.T) dashboard {
	t.Helper()
	text, err := os.ReadFile("followthrough.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&d); err != nil || dec.More() {
		t.Fatalf("the dashboard is not one JSON object: %v", err)
	}
	return d
}

func TestDashboardLoads(t *testing.T) {
	d := load(t)
	if d.Title == "" || d.UID == "" || len(d.UID) > 40 || d.SchemaVersion < 36 || len(d.Panels) == 0 {
		t.Errorf("title %q, uid %q, schema version %d, %d panels", d.Title, d.UID, d.SchemaVersion, len(d.Panels))
	}
	ids := map[int]bool{}
	for i, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 {
			t.Errorf("panel %q has the id %d of another", p.Title, p.ID)
		}
		ids[p.ID] = true
		if !slices.Contains([]string{"row", "stat", "timeseries", "table"}, p.Type) || p.Title == "" || (p.Type != "row" && (p.Description == "" || len(p.Targets) == 0)) {
			t.Errorf("panel %d: type %q, title %q, description %q, %d queries", p.ID, p.Type, p.Title, p.Description, len(p.Targets))
		}
		a := p.GridPos
		if a.X < 0 || a.Y < 0 || a.W < 1 || a.H < 1 || a.X+a.W > 24 {
			t.Errorf("panel %q lies outside the grid of 24 columns: %+v", p.Title, a)
		}
		for _, q := range d.Panels[i+1:] {
			if b := q.GridPos; a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("panels %q and %q overlap", p.Title, q.Title)
			}
		}
		refs := map[string]bool{}
		for _, target := range p.Targets {
			if refs[target.RefID] || target.RefID == "" || target.Datasource.Type != "prometheus" || target.Datasource.UID != "${datasource}" {
				t.Errorf("panel %q: query %q with data source %+v", p.Title, target.RefID, target.Datasource)
			}
			refs[target.RefID] = true
		}
	}
}

// TestQueriesUseWhatIsExported: every query names only metrics, labels and
// variables that exist, and every metric is used.
func TestQueriesUseWhatIsExported(t *testing.T) {
	d := load(t)
	variables := []string{"datasource"}
	used := map[string]bool{}
	for _, v := range d.Templating.List {
		variables = append(variables, v.Name)
		if v.Type == "query" {
			m := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`).FindStringSubmatch(v.Definition)
			if m == nil || !slices.Contains(exported()[m[1]], m[2]) || !strings.Contains(string(v.Query), v.Definition) {
				t.Errorf("variable %s asks %q", v.Name, v.Definition)
			}
		}
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			for _, problem := range problems(target.Expr, variables, used) {
				t.Errorf("panel %q, query %s: %s", p.Title, target.Expr, problem)
			}
		}
	}
	for name := range exported() {
		if !used[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// problems names what is unknown in a query, and marks the metrics it uses.
func problems(expr string, variables []string, used map[string]bool) []string {
	var out []string
	if strings.Count(expr, "(") != strings.Count(expr, ")") || strings.Count(expr, "{") != strings.Count(expr, "}") || strings.Count(expr, `"`)%2 != 0 {
		out = append(out, "brackets or quotes are not closed")
	}
	metrics := regexp.MustCompile(`\bfollowthrough_\w+(?:\{[^}]*\})?`).FindAllString(expr, -1)
	if len(metrics) == 0 {
		out = append(out, "names no metric")
	}
	for _, m := range metrics {
		name, matchers, _ := strings.Cut(strings.TrimSuffix(m, "}"), "{")
		labels, ok := exported()[name]
		if !ok {
			out = append(out, name+" is not exported")
			continue
		}
		used[name] = true
		for matcher := range strings.SplitSeq(matchers, ",") {
			g := regexp.MustCompile(`^(\w+)(?:=~|!~|!=|=)"\$(\w+)"$`).FindStringSubmatch(matcher)
			if matchers != "" && (g == nil || !slices.Contains(labels, g[1]) || !slices.Contains(variables, g[2])) {
				out = append(out, matcher+" is no label of "+name+" with a variable")
			}
		}
	}
	for _, by := range regexp.MustCompile(`by \((\w+)\)`).FindAllStringSubmatch(expr, -1) {
		if len(metrics) > 0 && !strings.Contains(strings.Join(exported()[strings.Split(metrics[0], "{")[0]], " "), by[1]) {
			out = append(out, by[1]+" is no label to group by")
		}
	}
	rest := regexp.MustCompile(`followthrough_\w+|"[^"]*"`).ReplaceAllString(expr, "")
	for _, word := range regexp.MustCompile(`[A-Za-z_]\w*`).FindAllString(rest, -1) {
		if !slices.Contains([]string{"sum", "min", "max", "by", "or", "vector", "clamp_min", "priority", "team", "tracker"}, word) {
			out = append(out, word+" is not known")
		}
	}
	return out
}

func TestProblemsAreFound(t *testing.T) {
	for expr, want := range map[string]string{
		`sum(followthrough_measures_opn)`: "not exported",
		`sum(up)`:                         "names no metric",
		`sum(followthrough_conflicts_open{team=~"$team"})`:       "is no label",
		`sum by (team) (followthrough_conflicts_open)`:           "no label to group by",
		`sum(followthrough_conflicts_open`:                       "not closed",
		`followthrough_conflicts_open / followthrough_quota`:     "not exported",
		`sum(followthrough_measures_open{priority=~"$nowhere"})`: "with a variable",
	} {
		if got := strings.Join(problems(expr, []string{"team", "priority"}, map[string]bool{}), "; "); !strings.Contains(got, want) {
			t.Errorf("%s: problems %q, want %q", expr, got, want)
		}
	}
}
