package jira_test

import (
	"context"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/jira"
	"github.com/followthrough/followthrough/sync/trackertest"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

func TestConformance(t *testing.T) {
	for name, f := range map[string]fixture{
		"cloud":                        cloud(),
		"cloud, converted texts":       {options: func(o *jirasim.Options) { o.LossyText = true }},
		"cloud, index lags":            {options: func(o *jirasim.Options) { o.IndexLag, o.IndexJitter = 20*time.Second, 20*time.Second }},
		"cloud, no isLast, small":      {options: func(o *jirasim.Options) { o.NoIsLast, o.MaxPage = true, 2 }},
		"cloud, no metric field":       {noMetric: true},
		"cloud, properties are cloned": {after: func(s *site) { s.copyProperties = true }},
		"data center":                  dataCenter(),
		"data center 10, small pages":  {options: func(o *jirasim.Options) { o.Flavor, o.Version, o.MaxPage = jirasim.DataCenter, "10.3.2", 2 }},
		"data center, CRLF":            {noMetric: true, options: func(o *jirasim.Options) { o.Flavor, o.CRLF = jirasim.DataCenter, true }},
		"data center, no properties":   {options: func(o *jirasim.Options) { o.Flavor, o.DropCreateProperties = jirasim.DataCenter, true }},
		"data center, bare screens":    bareScreens(),
	} {
		t.Run(name, func(t *testing.T) {
			trackertest.Run(t, func(t testing.TB) trackertest.Site { return newSite(t, f) })
		})
	}
}

// bareScreens is a Jira whose screens have neither due date nor metric: both
// live in the block.
func bareScreens() fixture {
	f := dataCenter()
	f.after = func(s *site) {
		s.HideField("OPS", jirasim.CreateScreen, "duedate", s.metric)
		s.HideField("OPS", jirasim.EditScreen, "duedate", s.metric)
		s.plainJira = true
		s.warm = func(tracker *jira.Tracker) { // the screens are known after the first refusal
			made, err := tracker.Create(context.Background(), domain.Draft{MeasureURL: "https://x.example/m", Values: map[domain.Field]string{
				domain.FieldTitle: "first", domain.FieldDueOn: "2026-01-01", domain.FieldMetric: "x"}})
			if err != nil {
				panic(err)
			}
			s.DeleteIssue(s.cleo.Email, made.Ref.ID)
		}
		s.config = func(c *jira.Config) { c.Tracker.Mapping.Resolutions = map[domain.Projection]string{} }
	}
	return f
}
