package domain

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTalk(t *testing.T) {
	at := func(minutes int) time.Time { return reviewNow.Add(time.Duration(minutes) * time.Minute) }
	i := Incident{Severity: SEV1, StartedAt: at(-20), DetectedAt: at(0), ResolvedAt: at(180)}
	messages := []Message{
		{Channel: "bridge", Audience: "team", At: at(5)}, {Channel: "bridge", Audience: "Team, management", At: at(30)}, {Channel: "bridge", Audience: "team", At: at(110)},
		{Channel: "mail", Audience: "customers", At: at(120), Diverges: "the bridge said otherwise"}, {Channel: "bridge", At: at(-10)}, {Channel: "bridge", At: at(300)}, {Channel: "mail"},
	}
	talk := TalkOf(i, messages, DefaultPolicy())
	var gaps []string
	for _, g := range talk.Gaps {
		gaps = append(gaps, fmt.Sprintf("%s %g-%g", g.Audience, g.From.Sub(reviewNow).Minutes(), g.To.Sub(reviewNow).Minutes()))
	}
	want := []string{" 30-110", " 120-180", "team 30-110", "team 110-180", "management 30-180", "customers 0-120", "customers 120-180"}
	if !slices.Equal(gaps, want) {
		t.Errorf("gaps %q", gaps)
	}
	if got := fmt.Sprint(talk.Never, talk.Dated, talk.Undated, talk.Outside, talk.Longest, len(talk.Diverging)); got != "[support] 4 1 2 1h20m0s 1" {
		t.Errorf("talk %s", got)
	}
	if len(talk.Lanes) != 2 || talk.Lanes[0].Channel != "bridge" || talk.Lanes[0].Messages != 5 {
		t.Errorf("lanes %+v", talk.Lanes)
	}
	if exact := TalkOf(Incident{Severity: SEV1, DetectedAt: at(0), ResolvedAt: at(30)}, []Message{{Channel: "x", Audience: "team", At: at(30)}}, DefaultPolicy()); len(exact.Gaps) != 0 {
		t.Errorf("a silence of exactly the limit is none: %+v", exact.Gaps)
	}
	if none := TalkOf(Incident{Severity: SEV5}, messages, DefaultPolicy()); len(none.Gaps) != 0 || none.Longest == 0 {
		t.Errorf("without a limit: %+v", none)
	}
	if empty := TalkOf(i, nil, DefaultPolicy()); len(empty.Never) != 0 || len(empty.Gaps) != 0 {
		t.Errorf("nothing imported says nothing: %+v", empty)
	}
}

func TestWording(t *testing.T) {
	good := Measure{Owner: "p_ana", Metric: Metric{Name: "time to detect"}}
	for title, want := range map[string]string{
		"Alert on replication lag over 30 s": "", "Alarm für Replikationsverzug über 30 s einrichten": "", "Prüfen, ob jede Rolle eine Vertretung hat": "",
		"Document the failover and rehearse it": "", "Datenbankzugriff für Externe sperren": "", "Neuen Alarm für volle Platten anlegen": "",
		"Better monitoring": "verb:Better bounded:better", "Improve the runbook": "bounded:improve", "Monitoring": "verb:Monitoring", "Die Kunden": "verb:Die",
		"Kommunikation verbessern": "bounded:verbessern", "Mitarbeiter sensibilisieren": "bounded:sensibilisieren",
		"Remind everyone to be more careful with deletes": "bounded:be more blame:be more careful", "Alarme anlegen sowie Runbook schreiben": "split:sowie",
	} {
		m := good
		m.Title = title
		var got []string
		for _, a := range Wording(m) {
			got = append(got, string(a.Code)+":"+a.Word)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v, want %q", title, got, want)
		}
	}
	if got := Wording(Measure{Title: "Add an alert"}); len(got) != 2 || got[0].Code != AdviceOwner || got[1].Code != AdviceMetric {
		t.Errorf("without owner and metric: %v", got)
	}
}
