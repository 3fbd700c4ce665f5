package domain

// A measure that was verified and did not work is not the end: it is reopened,
// or another measure takes over. The successor names the one it takes over from
// and runs on a clock of its own; the first one stays what it was, done and
// found ineffective.

// CheckSuccession refuses a successor of a measure that no person has found to
// fall short.
func CheckSuccession(successor, first Measure) error {
	switch {
	case first.Key == successor.Key:
		return Invalid("succeeds", "is the measure itself")
	case first.Status != Verified:
		return Invalid("succeeds", "%s is %s; a successor follows on a measure that was verified and did not work", first.Key, first.Status)
	case first.Verdict != Ineffective && first.Verdict != Partly:
		return Invalid("succeeds", "%s was found %s; a successor follows on the verdict ineffective or partly", first.Key, first.Verdict)
	}
	return nil
}

// From fills in what a successor does not say from the measure it takes over
// from: where it belongs and how it will be judged. Owner and due date are
// promises of their own.
func (n NewMeasure) From(first Measure) NewMeasure {
	n.Succeeds = first.Key
	if n.Incident == "" {
		n.Incident, n.Check, n.Question = first.Incident, first.Check, first.Question
	}
	if n.Kind == "" {
		n.Kind = first.Kind
	}
	if n.Priority == "" {
		n.Priority = first.Priority
	}
	if n.Team == "" {
		n.Team = first.Team
	}
	if n.Metric.IsZero() {
		n.Metric = first.Metric
		n.Metric.VerifyOn = Date{}
	}
	return n
}
