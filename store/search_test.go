package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/followthrough/followthrough/domain"
)

// TestSearch: free text finds by the beginnings of words, and what is rewritten
// is found by its new words only.
func TestSearch(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m := addMeasure(t, db, func(m *domain.Measure) {
			m.Title, m.Description = "Vertretungsregelung für Bereitschaft", "see acme/platform#118 and über-lang"
		})
		addMeasure(t, db, func(m *domain.Measure) { m.Title = "Another one, after M-1" })
		find := func(query string) []domain.MeasureKey {
			t.Helper()
			list := must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), domain.Everything(), domain.MeasureFilter{Query: query}, domain.Page{WithTotal: true, Sort: []string{"key"}}))
			var keys []domain.MeasureKey
			for _, m := range list.Items {
				keys = append(keys, m.Key)
			}
			if list.Total != len(keys) {
				t.Errorf("%q: %d in all, %d on the page", query, list.Total, len(keys))
			}
			return keys
		}
		first, both := []domain.MeasureKey{"M-1"}, []domain.MeasureKey{"M-1", "M-2"}
		for query, want := range map[string][]domain.MeasureKey{
			"vertretung": first, "BEREITSCHAFT vertr": first, "für": first, "FÜR": first, "acme/platform#118": first, "platform#11": first, "über-lang": first,
			"lang-über": nil, "platform/acme": nil, "regelung": nil, "fur": nil, "m-1": both, "M-2": {"M-2"}, "another M-1": {"M-2"},
			`"`: nil, "*": nil, "a* OR b": nil, "NEAR(vertretung für)": nil, "title:vertretung": nil, "': *": nil, "🙂": nil, "": both, "für 🙂": first,
		} {
			if diff := cmp.Diff(want, find(query)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", query, diff)
			}
		}
		_, err := db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("Deputies by name"))
		if err != nil {
			t.Fatal(err)
		}
		if old, now, kept := find("vertretung"), find("deput"), find("platform"); old != nil || len(now) != 1 || len(kept) != 1 {
			t.Errorf("after the title changed: %v, %v and by its description %v", old, now, kept)
		}
		late := must[[]domain.LateCount](t)(db.LateCounts(t.Context(), domain.Everything(), domain.MeasureFilter{Query: "deputies", Today: domain.MustDate("2026-12-01")}, 14))
		if len(late) != 1 || late[0].Open != 1 {
			t.Errorf("late counts of a search: %v", late)
		}
		if !db.onPostgres() {
			for _, index := range []string{"measures_text", "incidents_text"} {
				if _, err := db.sql.ExecContext(t.Context(), "INSERT INTO "+index+" ("+index+", rank) VALUES ('integrity-check', 1)"); err != nil {
					t.Errorf("%s is out of step: %v", index, err)
				}
			}
		}
	})
}

// TestDenseSearch: many hits are listed in order as few are.
func TestDenseSearch(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		loadDataset(t, db, 2*fewHits, false)
		for query, want := range map[string]int{"measure": 2 * fewHits, "number 77": 11} {
			page := domain.Page{WithTotal: true, Sort: []string{"-key"}, Limit: 3}
			list := must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), domain.Everything(), domain.MeasureFilter{Query: query}, page))
			if list.Total != want {
				t.Errorf("%q: %d hits, want %d", query, list.Total, want)
			}
			page.Cursor = list.NextCursor
			next := must[domain.List[domain.Measure]](t)(db.Measures(t.Context(), domain.Everything(), domain.MeasureFilter{Query: query}, page))
			if len(list.Items) != 3 || len(next.Items) != 3 || next.Items[0].Key.Number() >= list.Items[2].Key.Number() {
				t.Errorf("%q: the pages are %v and %v", query, list.Items, next.Items)
			}
		}
	})
}

// TestKinByWords: incidents that share words, the most telling match first.
func TestKinByWords(t *testing.T) {
	like := func(words ...string) domain.Kinship {
		return domain.Kinship{From: testNow, To: testNow.Add(9 * time.Hour), Words: words}
	}
	eachEngine(t, func(t *testing.T, db *DB) {
		add := func(title, summary string, hours int) domain.IncidentKey {
			return addIncident(t, db, func(i *domain.Incident) {
				i.Title, i.Summary, i.StartedAt = title, summary, testNow.Add(time.Duration(hours)*time.Hour)
			}).Key
		}
		low := add("Something else", "the certificate was mentioned", 1)
		best := add("Certificate of the gateway expired", "", 2)
		add("Certificate expired at the gateway", "", 50) // later
		add("Disk full", "", 3)
		got := must[[]domain.Incident](t)(db.KinOf(t.Context(), domain.Everything(), like("certificate", "gateway", "expired"), 10))
		var keys []domain.IncidentKey
		for _, i := range got {
			keys = append(keys, i.Key)
		}
		if diff := cmp.Diff([]domain.IncidentKey{best, low}, keys); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if none := must[[]domain.Incident](t)(db.KinOf(t.Context(), domain.Everything(), like(`"`, "|"), 10)); len(none) != 0 {
			t.Errorf("no words find %v", none)
		}
	})
}

// TestKinByTerms: a service together with a cause, however it is capitalised, or
// with a fingerprint; a service alone makes no kin.
func TestKinByTerms(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		add := func(services, causes []string, print string) domain.IncidentKey {
			return addIncident(t, db, func(i *domain.Incident) {
				i.Services, i.Causes, i.Fingerprint, i.StartedAt = services, causes, print, testNow
			}).Key
		}
		cause := add([]string{"db"}, []string{"Überlast"}, "")
		fingerprint := add([]string{"db"}, nil, "disk-95")
		add([]string{"db"}, []string{"human"}, "disk-7")
		add([]string{"mail"}, []string{"überlast"}, "disk-95")
		kin := domain.Kinship{From: testNow, To: testNow.Add(time.Hour), Services: []string{"db", "shop"}, Causes: []string{"überlast"}, Fingerprints: []string{"disk-95"}}
		var keys []domain.IncidentKey
		for _, i := range must[[]domain.Incident](t)(db.KinOf(t.Context(), domain.Everything(), kin, 10)) {
			keys = append(keys, i.Key)
		}
		if diff := cmp.Diff([]domain.IncidentKey{fingerprint, cause}, keys); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
