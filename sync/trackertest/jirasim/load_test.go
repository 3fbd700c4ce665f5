package jirasim_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

func TestManyAtOnce(t *testing.T) {
	s := newSite(t, jirasim.Options{Sender: jirasim.ToHandler(&inbox{})})
	s.sim.AddWebhook(s.ada.Email, jirasim.Webhook{URL: "https://app.example/", Events: []string{"jira:issue_updated"}})
	const workers, each = 8, 20
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for n := range each {
				id := s.create(fmt.Sprint(w, n), nil)
				s.do("PUT", "/issue/"+id, m{"update": m{"labels": []m{{"add": "seen"}}}}, 204)
				s.do("POST", "/issue/"+id+"/transitions", m{"transition": m{"id": "31"}}, 204)
				s.searched("project = OPS AND labels = seen ORDER BY updated DESC", m{"maxResults": 5})
				if w == 0 {
					s.sim.Deliver(t.Context())
					s.sim.Deliveries()
				}
			}
		})
	}
	group.Wait()
	keys := map[string]bool{}
	for _, x := range s.sim.Oracle() {
		if x.Status != "Done" || x.Changes != 2 {
			t.Errorf("issue %+v", x)
		}
		keys[x.Key] = true
	}
	if len(keys) != workers*each {
		t.Errorf("%d keys, want %d", len(keys), workers*each)
	}
}

func fill(b *testing.B) *site {
	b.Helper()
	s := newSite(b, jirasim.Options{})
	for i := range 10_000 {
		if _, err := s.sim.CreateIssue(s.ada.Email, "OPS", "Task", jirasim.Values{"summary": fmt.Sprint("Issue ", i), "labels": []string{"a"}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	return s
}

func BenchmarkGet(b *testing.B) {
	s := fill(b)
	for b.Loop() {
		s.do("GET", "/issue/OPS-5000?fields=summary,status,updated", nil, 200)
	}
}

func BenchmarkIdlePoll(b *testing.B) {
	s := fill(b)
	ms := s.sim.Now().UnixMilli()
	jql := fmt.Sprintf("project in (OPS) AND updated >= %d ORDER BY updated ASC, id ASC", ms)
	for b.Loop() {
		s.searched(jql, nil)
	}
}

func BenchmarkFullPage(b *testing.B) {
	s := fill(b)
	for b.Loop() {
		s.searched("project = OPS ORDER BY updated ASC", m{"fields": []string{"*all"}})
	}
}

func BenchmarkEdit(b *testing.B) {
	s := fill(b)
	n := 0
	for b.Loop() {
		n++
		s.do("PUT", "/issue/OPS-5000", m{"fields": m{"summary": fmt.Sprint(n)}}, 204)
	}
}
