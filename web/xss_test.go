package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/browsertest"
)

// hostile is text that would run if a page took it for anything but text (T8).
func hostile() []string {
	const run = "window.__ran=1"
	payloads := []string{
		`<script>%s</script>`, `"><script>%s</script>`, `'><img src=x onerror=%s>`, `<img src=x onerror="%s">`, `<svg onload="%s">`, `<svg><script>%s</script></svg>`,
		`<iframe srcdoc="<script>parent.%s</script>">`, `<a href="javascript:%s">x</a>`, `[x](javascript:%s)`, `[x](JaVaScRiPt:%s)`, `[x](java&#115;cript:%s)`,
		`[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)%s`, `![x](x" onerror="%s)`, `![x](javascript:%s)`, `<details open ontoggle=%s>`,
		`<body onload=%s>`, `<input autofocus onfocus=%s>`, `<math><mi//xlink:href="data:x,<script>%s</script>">`, `<style>@import 'javascript:%s';</style>`,
		`<link rel=stylesheet href="javascript:%s">`, `<meta http-equiv=refresh content="0;url=javascript:%s">`, `<object data="javascript:%s">`,
		`<embed src="javascript:%s">`, `<form action="javascript:%s"><button>x</button></form>`, `<base href="javascript:%s//">`, `</title><script>%s</script>`,
		`</textarea><script>%s</script>`, `</select><script>%s</script>`, `--><script>%s</script>`, `]]><script>%s</script>`, `{{constructor.constructor('%s')()}}`,
		"`\"'><img src=x onerror=%s>", `<x onclick=%s>y</x>`, `<video><source onerror="%s">`, `<marquee onstart=%s>`, `\u003cscript\u003e%s\u003c/script\u003e`,
		"```html\n<script>%s</script>\n```", "<http://x/\" onmouseover=\"%s>", `<template><script>%s</script></template>`, `<noscript><p title="</noscript><img src=x onerror=%s>">`,
	}
	var out []string
	for _, p := range payloads {
		if strings.Contains(p, "%s") {
			p = fmt.Sprintf(p, run)
		}
		out = append(out, p, strings.ToUpper(p[:1])+p, " "+p+" tail")
	}
	return out
}

// hostileReview writes the payloads into every field of a review and publishes it.
func (w *world) hostileReview(incident string) {
	w.t.Helper()
	ctx, by, key := w.t.Context(), w.actor("admin"), domain.IncidentKey(incident)
	ok := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	var said []domain.Message
	for n, payload := range hostile() {
		line := domain.NormalTitle(payload)
		section := domain.ReviewSections()[n%len(domain.ReviewSections())]
		e := domain.ReviewEntry{Section: section, Text: payload, Source: line, Person: line, Deputy: line}
		if section == domain.SectionTimeline {
			e.At = w.now()
		}
		_, err := w.app.Reviews.Put(ctx, by, key, 0, e)
		ok(err)
		said = append(said, domain.Message{Channel: line, Sender: line, Audience: line, Statement: payload, Diverges: payload, At: w.now().Add(-time.Duration(n) * time.Minute)})
	}
	_, err := w.app.Reviews.AddMessages(ctx, by, key, "x.zip", said)
	ok(err)
	text := strings.Join(hostile()[:40], "\n\n")
	_, err = w.app.Reviews.Edit(ctx, by, key, 0, domain.ReviewEdit{Summary: domain.Some(text), Communication: domain.Some(text), Teamwork: domain.Some(text)})
	ok(err)
	for _, s := range []struct {
		as string
		to domain.ReviewState
	}{{"admin", domain.ReviewInReview}, {"member", domain.ReviewApproved}, {"admin", domain.ReviewPublished}, {"admin", domain.ReviewDraft}} {
		_, err := w.app.Reviews.Step(ctx, w.actor(s.as), key, 0, s.to, hostile()[0])
		ok(err)
	}
}

// T8: whatever people or trackers write, nothing of it runs on any page, and
// the content policy has nothing to refuse.
func TestStoredTextNeverRuns(t *testing.T) {
	w := newWorld(t)
	ctx, by := t.Context(), w.actor("admin")
	incident := ""
	for n, payload := range hostile() {
		title := strings.Map(func(r rune) rune {
			if r == '\n' {
				return ' '
			}
			return r
		}, payload)
		i, err := w.app.Incidents.Create(ctx, by, domain.IncidentEdit{Title: domain.Some(title), Summary: domain.Some(payload), Services: domain.Some([]string{title}),
			Causes: domain.Some([]string{title}), StartedAt: domain.Some(w.now())})
		if err != nil {
			t.Fatalf("%q: %v", payload, err)
		}
		incident = string(i.Key)
		w.newMeasure(domain.NewMeasure{Incident: i.Key, Title: title, Description: payload, Priority: domain.P0, Kind: domain.Detect, Owner: "p_admin",
			Metric: domain.Metric{Name: title}})
		if n%10 == 0 {
			if _, err := w.app.People.Create(ctx, by, domain.Person{Name: title, Role: domain.Viewer}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.app.People.CreateTeam(ctx, by, domain.Team{Name: title}); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.hostileReview(incident)
	if n := len(hostile()); n < 100 {
		t.Fatalf("only %d payloads", n)
	}
	c := browsertest.New(t, w.http.URL, "en")
	signIn(c, "admin")
	paths := []string{"/", "/mine", "/measures", "/incidents", "/people", "/incidents/" + incident, "/incidents/INC-1", "/statistics",
		"/reviews", "/incidents/" + incident + "/review", "/incidents/" + incident + "/review/published"}
	for n := range hostile() {
		paths = append(paths, fmt.Sprintf("/measures/M-%d", n+1))
	}
	paths = append(paths, "/measures?q="+"%22%3E%3Cscript%3Ewindow.__ran%3D1%3C%2Fscript%3E")
	for _, path := range paths {
		c.Open(path)
		if ran := browsertest.Result(c, chromedp.Evaluate[bool](`window.__ran === 1 || document.querySelector('main script, main iframe, main object, main embed, main [onerror], main [onload], main a[href^="javascript" i]') !== null`)); ran {
			t.Errorf("%s: stored text came to life", path)
		}
		c.Clean(path)
	}
}
