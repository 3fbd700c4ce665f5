package api

import "github.com/followthrough/followthrough/domain"

type changeJSON struct {
	Seq         int64   `json:"seq" doc:"gapless over everything"`
	SubjectSeq  int64   `json:"subject_seq" doc:"gapless within the measure or incident"`
	At          *string `json:"at" format:"date-time"`
	Kind        string  `json:"kind"`
	Field       *string `json:"field"`
	From        *string `json:"from"`
	To          *string `json:"to"`
	Overwritten bool    `json:"overwritten" doc:"one of the values lost a conflict and can be put back"`
	Source      string  `json:"source" doc:"user, github, jira, import or system"`
	Actor       string  `json:"actor"`
	// OnBehalf, External and ExternalAt say what stands behind a change that a tracker brought.
	OnBehalf   *string `json:"on_behalf" doc:"the tracker whose event or credential caused the change"`
	External   *string `json:"external"`
	ExternalAt *string `json:"external_at" format:"date-time"`
	Request    *string `json:"request"`
	Reason     *string `json:"reason"`
}

func changeOf(h domain.Change) changeJSON {
	return changeJSON{Seq: h.Seq, SubjectSeq: h.SubjectSeq, At: moment(h.At), Kind: string(h.Kind), Field: orNull(h.Field),
		From: orNull(h.From), To: orNull(h.To), Overwritten: h.Overwritten, Source: string(h.Source), Actor: h.Actor,
		OnBehalf: orNull(h.OnBehalf), External: orNull(h.External), ExternalAt: moment(h.ExternalTime),
		Request: orNull(h.Request), Reason: orNull(h.Reason)}
}
