package api

// reviewDocumentJSON is a published version: who may not see the incident reads
// the review here, where it is shared with the role.
type reviewDocumentJSON struct {
	Number        int                 `json:"number"`
	At            *string             `json:"at" format:"date-time"`
	By            string              `json:"by"`
	Summary       string              `json:"summary" doc:"management summary with its numbers filled in as they were"`
	Title         string              `json:"title" doc:"of the incident"`
	Severity      *string             `json:"severity"`
	StartedAt     *string             `json:"started_at" format:"date-time"`
	DetectedAt    *string             `json:"detected_at" format:"date-time"`
	MitigatedAt   *string             `json:"mitigated_at" format:"date-time"`
	ResolvedAt    *string             `json:"resolved_at" format:"date-time"`
	Numbers       map[string]string   `json:"numbers" nullable:"false"`
	Communication string              `json:"communication"`
	Teamwork      string              `json:"teamwork"`
	Entries       []reviewEntryJSON   `json:"entries" nullable:"false"`
	Measures      []reviewMeasureJSON `json:"measures" nullable:"false"`
	Talk          talkJSON            `json:"talk"`
}

type reviewMeasureJSON struct {
	Key    string  `json:"key"`
	Title  string  `json:"title"`
	Status string  `json:"status" doc:"when the version was published"`
	Owner  *string `json:"owner"`
	DueOn  *string `json:"due_on" format:"date"`
}

func (s *Server) getReviewVersion(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	number, err := c.number("version", "version")
	if err != nil {
		return reply{}, err
	}
	v, err := s.app.Reviews.Published(c.ctx(), c.actor(), key, int(number))
	if err != nil {
		return reply{}, err
	}
	head := reviewVersionOf(v)
	d, i := v.Document, v.Document.Incident
	out := reviewDocumentJSON{Number: head.Number, At: head.At, By: head.By, Summary: head.Summary, Title: i.Title, Severity: orNull(i.Severity), StartedAt: moment(i.StartedAt), DetectedAt: moment(i.DetectedAt),
		MitigatedAt: moment(i.MitigatedAt), ResolvedAt: moment(i.ResolvedAt), Numbers: d.Numbers, Communication: d.Review.Communication, Teamwork: d.Review.Teamwork,
		Entries: make([]reviewEntryJSON, len(d.Review.Entries)), Measures: make([]reviewMeasureJSON, len(d.Measures)), Talk: talkOf(d.Talk)}
	for n, e := range d.Review.Entries {
		out.Entries[n] = reviewEntryOf(e)
	}
	for n, m := range d.Measures {
		out.Measures[n] = reviewMeasureJSON{string(m.Key), m.Title, string(m.Status), orNull(m.Owner), day(m.DueOn)}
	}
	return reply{body: out, version: int64(v.Number)}, nil
}
