package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// measureFilter reads the filters of a list of measures from an address. The
// names are the API's.
func (s *Server) measureFilter(q url.Values) (domain.MeasureFilter, error) {
	f := domain.MeasureFilter{Owner: domain.PersonID(q.Get("owner")), Incident: domain.IncidentKey(strings.ToUpper(q.Get("incident"))),
		Tracker: domain.TrackerID(q.Get("tracker")), Query: q.Get("q"), Missing: several[domain.MeasureGap](q, "missing"),
		Status: several[domain.Status](q, "status"), Priority: several[domain.Priority](q, "priority"), Kind: several[domain.MeasureKind](q, "kind"),
		Team: several[domain.TeamID](q, "team"), LinkState: several[domain.LinkState](q, "link_state")}
	for name, flag := range map[string]**bool{"open": &f.Open, "overdue": &f.Overdue, "past_promise": &f.PastPromise, "needs_incident": &f.NeedsIncident, "effectiveness_due": &f.EffectivenessDue} {
		if text := q.Get(name); text != "" {
			b, err := strconv.ParseBool(text)
			if err != nil {
				return f, domain.Invalid(name, "%q is not accepted; use true or false", text)
			}
			*flag = &b
		}
	}
	for name, date := range map[string]*domain.Date{"due_before": &f.DueBefore, "due_after": &f.DueAfter} {
		var err error
		if *date, err = dateOf(name, q.Get(name)); err != nil {
			return f, err
		}
	}
	var err error
	if f.CreatedFrom, f.CreatedTo, err = s.period(q); err != nil {
		return f, err
	}
	if len(f.Query) > 200 {
		return f, domain.Invalid("q", "is longer than 200 characters")
	}
	return f, nil
}

// period reads a span of civil days; the last day is part of it.
func (s *Server) period(q url.Values) (from, to time.Time, err error) {
	first, err := dateOf("from", q.Get("from"))
	if err != nil {
		return from, to, err
	}
	last, err := dateOf("to", q.Get("to"))
	if err != nil {
		return from, to, err
	}
	if !first.IsZero() {
		from = first.Start(s.zone)
	}
	if !last.IsZero() {
		to = last.Deadline(s.zone)
	}
	return from, to, nil
}

func several[T ~string](q url.Values, name string) []T {
	var out []T
	for _, v := range q[name] {
		if v != "" && len(out) < 50 {
			out = append(out, T(v))
		}
	}
	return out
}

// pageOf reads how a list is sorted and where it continues.
func pageOf(q url.Values, sort ...string) domain.Page {
	page := domain.Page{Limit: 50, Cursor: q.Get("cursor"), Sort: sort}
	if text := q.Get("sort"); text != "" {
		page.Sort = strings.Split(text, ",")
	}
	return page
}

func dateOf(field, text string) (domain.Date, error) {
	d, err := domain.ParseDate(strings.TrimSpace(text))
	if err != nil {
		return d, domain.Invalid(field, "%q is not a date; write YYYY-MM-DD", text)
	}
	return d, nil
}
