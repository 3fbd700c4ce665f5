package api

import (
	"bytes"
	"encoding/csv"
	"reflect"
	"strings"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// incidentStatsJSON is a census of one incident: counts, so no intervals.
type incidentStatsJSON struct {
	Incident        string   `json:"incident"`
	AsOf            string   `json:"as_of" format:"date"`
	PinnedAsOf      *string  `json:"pinned_as_of" format:"date-time" doc:"the instant that the counts are pinned to; null for those of now"`
	KnownAt         *string  `json:"known_at" format:"date-time" doc:"up to when things had been written down; null for those of now"`
	Definitions     []string `json:"definitions" nullable:"false" doc:"the definitions the counts follow, docs/statistics.md"`
	Total           int      `json:"total" doc:"measures that count: without duplicates and those created in error"`
	Done            int      `json:"done" doc:"done or verified"`
	Verified        int      `json:"verified"`
	Effective       int      `json:"effective"`
	Cancelled       int      `json:"cancelled"`
	Open            int      `json:"open"`
	Overdue         int      `json:"overdue" doc:"open past the current date"`
	PastPromise     int      `json:"past_promise" doc:"open past the original date"`
	WithoutDue      int      `json:"without_due"`
	Unknown         int      `json:"unknown" doc:"imported without a status"`
	Excluded        int      `json:"excluded"`
	Completion      *float64 `json:"completion" doc:"done / (total - cancelled); null where nothing is left to judge"`
	FollowedThrough *bool    `json:"followed_through" doc:"every remaining measure is done; null where nothing is left to judge"`
	VerifiedThrough *bool    `json:"verified_through"`
	Recurrences     int      `json:"recurrences" doc:"later incidents that name this one"`
}

func (s *Server) incidentStats(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	q := c.reportQuery(s.app.Reports.EndOf)
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	var out incidentStatsJSON
	if q.AsOf.IsZero() && q.KnownAt.IsZero() {
		r, today, err := s.app.Reports.Rollup(c.ctx(), c.actor(), key)
		if err != nil {
			return reply{}, err
		}
		out = incidentStatsOf(key, today, r)
	} else {
		r, pins, err := s.app.Reports.RollupAt(c.ctx(), c.actor(), key, app.ReportQuery{AsOf: q.AsOf, KnownAt: q.KnownAt})
		if err != nil {
			return reply{}, queryFault(err)
		}
		out = incidentStatsOf(key, domain.DateOf(pins.AsOf.In(s.app.Zone)), r)
		out.PinnedAsOf, out.KnownAt = moment(pins.AsOf), moment(pins.KnownAt)
	}
	if c.query.Get("format") == "csv" {
		return reply{raw: out.table(), media: "text/csv; charset=utf-8"}, nil
	}
	return reply{body: out}, nil
}

func incidentStatsOf(key domain.IncidentKey, asOf domain.Date, r domain.Rollup) incidentStatsJSON {
	return incidentStatsJSON{Incident: string(key), AsOf: asOf.String(), Definitions: []string{"A1", "A2", "A7"}, Total: r.Total, Done: r.Done,
		Verified: r.Verified, Effective: r.Effective, Cancelled: r.Cancelled, Open: r.Open, Overdue: r.Overdue, PastPromise: r.PastPromise, WithoutDue: r.WithoutDue,
		Unknown: r.Unknown, Excluded: r.Excluded, Completion: r.Completion, FollowedThrough: r.FollowedThrough,
		VerifiedThrough: r.VerifiedThrough, Recurrences: r.Recurrences}
}

// table is the same as one row under the names of the JSON form.
func (s incidentStatsJSON) table() []byte {
	var head, row []string
	for field, value := range reflect.ValueOf(s).Fields() {
		head = append(head, field.Tag.Get("json"))
		if list, ok := reflect.TypeAssert[[]string](value); ok {
			row = append(row, strings.Join(list, " "))
		} else {
			row = append(row, plainCell(value.Interface()))
		}
	}
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	_ = w.WriteAll([][]string{head, row}) // into memory
	return buf.Bytes()
}
