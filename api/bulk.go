package api

import (
	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

type bulkInput struct {
	Items  opt[[]bulkItemInput] `json:"items" doc:"1 to 200 measures"`
	Change opt[measurePatch]    `json:"change" doc:"as for one measure"`
}

type bulkItemInput struct {
	Key     opt[string] `json:"key"`
	Version opt[int64]  `json:"version,omitempty" doc:"the version you saw; a newer one is not overwritten"`
}

type bulkJSON struct {
	Items  []bulkResultJSON `json:"items" nullable:"false" doc:"in the order of the request"`
	Failed int              `json:"failed"`
}

type bulkResultJSON struct {
	Key     string       `json:"key"`
	Status  int          `json:"status" doc:"as the single change would have answered"`
	Measure *measureJSON `json:"measure,omitempty"`
	Problem *problemJSON `json:"problem,omitempty"`
}

func (s *Server) bulkEdit(c *call, in *bulkInput) (reply, error) {
	items := make([]app.BulkItem, len(in.Items.value))
	for n, item := range in.Items.value {
		items[n] = app.BulkItem{Key: domain.MeasureKey(item.Key.value), Version: item.Version.value}
	}
	results, err := s.app.Measures.BulkEdit(c.ctx(), c.actor(), items, in.Change.value.patch())
	if err != nil {
		return reply{}, err
	}
	var keys []domain.MeasureKey
	for _, r := range results {
		if r.Err == nil {
			keys = append(keys, r.Key)
		}
	}
	links, err := s.app.Links.Of(c.ctx(), c.actor(), keys)
	if err != nil {
		return reply{}, err
	}
	out := bulkJSON{Items: make([]bulkResultJSON, len(results))}
	for n, r := range results {
		item := bulkResultJSON{Key: clip(string(r.Key), 40), Status: 200}
		if r.Err != nil {
			p, _ := s.describe(c, r.Err)
			item.Status, item.Problem = p.Status, &p
			out.Failed++
		} else {
			m := s.measure(r.Measure, links[r.Key])
			item.Measure = &m
		}
		out.Items[n] = item
	}
	return reply{body: out}, nil
}
