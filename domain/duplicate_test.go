package domain_test

import (
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// TestDuplicate: a person who closes a measure as a duplicate says of which;
// a program may not know. The name can be given later and goes with a reopening.
func TestDuplicate(t *testing.T) {
	closed := func(survivor domain.MeasureKey) domain.MeasureEdit {
		return domain.MeasureEdit{Status: domain.Some(domain.Cancelled), ClosureReason: domain.Some(domain.Duplicate), DuplicateOf: domain.Some(survivor)}
	}
	unnamed := measure(t, status(domain.Cancelled))
	named := measure(t, status(domain.Cancelled), func(m *domain.Measure) { m.DuplicateOf = "M-2" })
	risk := closed("M-2")
	risk.ClosureReason = domain.Some(domain.Superseded)
	for name, c := range map[string]struct {
		m    domain.Measure
		e    domain.MeasureEdit
		by   domain.Actor
		want []string
		is   domain.MeasureKey
	}{
		"named":               {measure(t), closed("M-2"), person(ana), nil, "M-2"},
		"not named":           {measure(t), closed(""), person(ana), []string{"duplicate_of: is empty; name the measure that goes on"}, ""},
		"not named by nobody": {measure(t), closed(""), domain.System(), nil, ""},
		"itself":              {measure(t), closed("M-1"), person(ana), []string{"duplicate_of: is the measure itself"}, ""},
		"another reason":      {measure(t), risk, person(ana), []string{"duplicate_of: goes with closure reason duplicate"}, ""},
		"open":                {measure(t), domain.MeasureEdit{DuplicateOf: domain.Some(domain.MeasureKey("M-2"))}, person(ana), []string{"duplicate_of: goes with closure reason duplicate"}, ""},
		"named later":         {unnamed, domain.MeasureEdit{DuplicateOf: domain.Some(domain.MeasureKey("M-2"))}, person(ana), nil, "M-2"},
		"another one":         {named, domain.MeasureEdit{DuplicateOf: domain.Some(domain.MeasureKey("M-3"))}, person(ana), nil, "M-3"},
		"forgotten":           {named, domain.MeasureEdit{DuplicateOf: domain.Some(domain.MeasureKey(""))}, person(ana), []string{"duplicate_of: is empty"}, ""},
		"reopened":            {named, domain.MeasureEdit{Status: domain.Some(domain.Accepted), Reason: "it is not the same"}, person(ana), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := edit(t, c.m, c.e, c.by)
			refused(t, err, c.want...)
			if err == nil && got.DuplicateOf != c.is {
				t.Errorf("duplicate of %q, want %q", got.DuplicateOf, c.is)
			}
			rows := domain.MeasureChanges(c.m, got)
			told := false
			for _, r := range rows {
				told = told || r.Field == "duplicate_of" && r.From == string(c.m.DuplicateOf) && r.To == string(c.is)
			}
			if err == nil && c.m.DuplicateOf != c.is && !told {
				t.Errorf("the history does not tell it: %+v", rows)
			}
		})
	}
}

// TestSurvivor: the measure that goes on is another one that goes on itself.
func TestSurvivor(t *testing.T) {
	duplicate := func(of domain.MeasureKey) domain.Measure {
		return measure(t, status(domain.Cancelled), func(m *domain.Measure) { m.Key, m.DuplicateOf = "M-2", of })
	}
	mistake := duplicate("")
	mistake.ClosureReason = domain.CreatedInError
	done := measure(t, status(domain.Done), func(m *domain.Measure) { m.Key = "M-2" })
	m := measure(t, status(domain.Cancelled), func(m *domain.Measure) { m.DuplicateOf = "M-2" })
	for name, c := range map[string]struct {
		survivor domain.Measure
		want     []string
	}{
		"done":               {done, nil},
		"a duplicate":        {duplicate("M-3"), []string{"duplicate_of: M-2 is closed as a duplicate of M-3; name that one"}},
		"a duplicate itself": {duplicate(""), []string{"duplicate_of: M-2 is closed as a duplicate itself"}},
		"a mistake":          {mistake, []string{"duplicate_of: M-2 was created in error"}},
		"itself":             {m, []string{"duplicate_of: is the measure itself"}},
	} {
		t.Run(name, func(t *testing.T) { refused(t, domain.CheckSurvivor(m, c.survivor), c.want...) })
	}
	if err := domain.CheckSurvivor(measure(t), duplicate("M-3")); err != nil {
		t.Errorf("no survivor: %v", err)
	}
}
