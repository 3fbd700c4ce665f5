package store

import (
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

func importIncident(line int, id, recurs string) domain.ImportIncident {
	return domain.ImportIncident{Line: line, RecurrenceOfID: recurs, Incident: domain.Incident{ID: "i" + id, ExternalID: id, Title: "Incident " + id,
		Status: domain.IncidentNew, CreatedAt: testNow, UpdatedAt: testNow}}
}

func importMeasure(line int, title, incident string) domain.ImportMeasure {
	return domain.ImportMeasure{Line: line, IncidentID: incident, Measure: domain.Measure{ID: "m" + title + incident, Title: title, Status: domain.Proposed,
		CreatedAt: testNow.Add(-time.Hour), UpdatedAt: testNow, PolicyVersion: 1}}
}

func TestImport(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		by := ana()
		by.Source = domain.FromImport
		unknown := importMeasure(12, "C", "")
		unknown.StatusUnknown, unknown.OwnerText, unknown.Links = true, "somebody", []string{"https://x/1"}
		batch := domain.ImportBatch{File: "f.csv", Incidents: []domain.ImportIncident{importIncident(2, "late", "early"), importIncident(3, "early", "")},
			Measures: []domain.ImportMeasure{importMeasure(10, "A", "late"), importMeasure(11, "A", "early"), unknown}}
		got := must[domain.ImportResult](t)(db.Import(t.Context(), by, batch))
		if len(got.Incidents) != 2 || len(got.Measures) != 3 || got.Skipped != 0 {
			t.Fatalf("got %+v", got)
		}
		late := must[domain.Incident](t)(db.IncidentByExternalID(t.Context(), domain.Everything(), "late"))
		early := must[domain.Incident](t)(db.IncidentByExternalID(t.Context(), domain.Everything(), "early"))
		if late.RecurrenceOf != early.Key {
			t.Errorf("it recurs from %q, want %q", late.RecurrenceOf, early.Key)
		}
		a := must[domain.Measure](t)(db.Measure(t.Context(), domain.Everything(), got.Measures[0]))
		c := must[domain.Measure](t)(db.Measure(t.Context(), domain.Everything(), got.Measures[2]))
		if a.Incident != late.Key || !a.Imported || a.StatusUnknown {
			t.Errorf("measure A: %+v", a)
		}
		if !c.StatusUnknown || c.ExternalOwner != "somebody" || c.Incident != "" {
			t.Errorf("measure C: %+v", c)
		}
		if h := changesOf(t, db, domain.SubjectMeasure, string(c.Key)); len(h) != 1 || !strings.Contains(h[0].Reason, "https://x/1") || h[0].Source != domain.FromImport {
			t.Errorf("history: %+v", h)
		}
		// The same file again makes nothing; one more row in it makes one.
		batch.Measures = append(batch.Measures, importMeasure(13, "D", "early"))
		again := must[domain.ImportResult](t)(db.Import(t.Context(), by, batch))
		if len(again.Incidents) != 0 || len(again.Measures) != 1 || again.Skipped != 5 {
			t.Errorf("again: %+v", again)
		}
	})
}

func TestImportIsAllOrNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		good := importMeasure(10, "A", "")
		lostOwner := importMeasure(11, "B", "")
		lostOwner.Measure.Owner = "p_none"
		for name, batch := range map[string]domain.ImportBatch{
			"line 11: ":  {Incidents: []domain.ImportIncident{importIncident(2, "x", "")}, Measures: []domain.ImportMeasure{good, importMeasure(11, "B", "none")}},
			"line 3: ":   {Measures: []domain.ImportMeasure{good}, Incidents: []domain.ImportIncident{importIncident(2, "x", ""), importIncident(3, "y", "none")}},
			"line 2: ":   {Measures: []domain.ImportMeasure{good}, Incidents: []domain.ImportIncident{importIncident(2, "x", "y"), importIncident(3, "y", "x")}},
			"line 11: a": {Measures: []domain.ImportMeasure{good, lostOwner}},
		} {
			_, err := db.Import(t.Context(), ana(), batch)
			refused(t, name, err, domain.ErrInvalid)
			if err != nil && !strings.HasPrefix(err.Error(), name) {
				t.Errorf("%q does not begin with %q", err, name)
			}
		}
		for _, table := range []string{"incidents", "measures", "history", "incident_terms"} {
			if n := count(t, db, "SELECT count(*) FROM "+table); n != 0 {
				t.Errorf("%d rows in %s", n, table)
			}
		}
		if n := count(t, db, "SELECT sum(value) FROM sequences"); n != 0 {
			t.Errorf("the refused imports used up %d numbers", n)
		}
	})
}
