package simulation

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// watch holds every write and every lease against the invariants while the
// world runs, and the whole world against them at the end.
type watch struct {
	w      *world
	pauses map[string]pause
	// leases has a lock: heartbeats come from goroutines of their own.
	mu     sync.Mutex
	leases map[string]held
	// pushing is the push that is on its way, if any.
	pushing *domain.Push
	// reads are when each replica last asked for what it was then told.
	reads map[string]time.Time
	// stale are the issues that a tracker last showed as they were some time ago.
	stale map[string]bool
	lost  []loss
	// writes counts what was written, per place.
	writes map[domain.TrackerID]int
}

// held is a lease as the schedule gave it.
type held struct {
	work  domain.Work
	until time.Time
}

// loss is a mark that people typed and a write of ours took away: it must be
// in our history.
type loss struct {
	mark  string
	field domain.Field
	nonce string
	id    string
	// unseen is true when it was typed in the moment between our last look and the write.
	unseen bool
	place  domain.TrackerID
}

func newWatch(w *world) *watch {
	return &watch{w: w, pauses: map[string]pause{}, leases: map[string]held{}, reads: map[string]time.Time{}, stale: map[string]bool{}, writes: map[domain.TrackerID]int{}}
}

// claimed fails when a row is handed out while somebody holds it.
func (v *watch) claimed(work domain.Work, until time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if h, ok := v.leases[work.Lease.Key]; ok && now().Before(h.until) {
		v.w.problem("lease: %s is handed to %s while %s holds it", work.Lease.Key, work.Lease.Owner, h.work.Lease.Owner)
	} else if ok {
		v.w.count("lease taken over")
	}
	v.leases[work.Lease.Key] = held{work, until}
}

func (v *watch) beat(lease domain.Lease, until time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if h, ok := v.leases[lease.Key]; ok && h.work.Lease == lease {
		v.leases[lease.Key] = held{h.work, until}
	}
}

func (v *watch) finished(lease domain.Lease) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.leases[lease.Key].work.Lease == lease {
		delete(v.leases, lease.Key)
	}
}

// held returns a row that another owner holds.
func (v *watch) held(owner string) (domain.Work, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	keys := make([]string, 0, len(v.leases))
	for key, h := range v.leases {
		if h.work.Lease.Owner != owner && h.work.Kind == "link" {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return domain.Work{}, false
	}
	return v.leases[slices.Min(keys)].work, true
}

// committed fails when a lease that was lost still commits (K14).
func (v *watch) committed(c domain.LinkCommit) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if h, ok := v.leases[c.Lease.Key]; ok && c.Lease.Key != "" && h.work.Lease != c.Lease {
		v.w.problem("K14: %s committed for %s, which %s holds", c.Lease.Owner, c.Lease.Key, h.work.Lease.Owner)
	}
}

var marks = regexp.MustCompile(`x[0-9]+x|2026-[0-9]{2}-[0-9]{2}`)

// read notes what a replica has looked at: one issue, or all of a place.
func (v *watch) read(t *wire, req *http.Request, asked time.Time) {
	what := ""
	if g := issuePath.FindStringSubmatch(req.URL.Path); g != nil {
		what = g[1]
	} else if !listPath.MatchString(req.URL.Path) {
		return // of the repository or the workflow, not of issues
	}
	delete(v.stale, string(t.id)+" "+what)
	for _, who := range []string{t.r.name, "somebody"} {
		v.reads[who+" "+string(t.id)+" "+what] = asked
	}
}

// readStale notes that the tracker showed an issue as it was some time ago:
// until the next look nobody can know what people did since.
func (v *watch) readStale(t *wire, req *http.Request) {
	if g := issuePath.FindStringSubmatch(req.URL.Path); g != nil {
		v.stale[string(t.id)+" "+g[1]] = true
	}
}

var (
	issuePath = regexp.MustCompile(`/issues?/([0-9]+)`)
	listPath  = regexp.MustCompile(`/issues$|/search|/bulkfetch`)
)

// unseen reports whether what people did at a time fell into the moment
// between the last look at an issue and a write: no tracker lets a client close it.
func (v *watch) unseen(t *wire, b truth, at time.Time) bool {
	if v.stale[string(t.id)+" "+b.id] || v.stale[string(t.id)+" "+b.key] {
		return true
	}
	if now().Sub(at) < 15*time.Second && !v.lookedSince(t, b, at) {
		return true
	}
	for _, who := range []string{t.r.name, "somebody"} {
		var read time.Time
		var lag time.Duration
		for _, what := range []string{"", b.id, b.key} {
			if one := v.reads[who+" "+string(t.id)+" "+what]; one.After(read) {
				read, lag = one, 0
				if what == "" {
					lag = v.w.lag[t.id] * 3 / 2 // a list shows how it was a while ago
				}
			}
		}
		if !at.Before(read.Add(-lag)) && (now().Sub(read) < 15*time.Second || t.r.stalled > 0) {
			return true
		}
	}
	return false
}

// lookedSince reports whether any replica looked at an issue after a time.
func (v *watch) lookedSince(t *wire, b truth, at time.Time) bool {
	for _, what := range []string{"", b.id, b.key} {
		if v.reads["somebody "+string(t.id)+" "+what].After(at) {
			return true
		}
	}
	return false
}

// wrote compares the place before and after one request of ours.
func (v *watch) wrote(t *wire, req *http.Request, before []truth) {
	was := map[string]truth{}
	for _, b := range before {
		was[b.id] = b
	}
	for _, a := range t.place.issues() {
		b, known := was[a.id]
		switch {
		case !known:
			v.writes[t.id]++
			v.w.count("created")
		case !same(a, b):
			v.writes[t.id]++
			v.changed(t, b, a)
			if req.Method == http.MethodPatch || req.Method == http.MethodPut {
				v.read(t, req, now()) // its answer shows the issue
			}
		}
	}
}

func same(a, b truth) bool {
	if a.text != b.text || !slices.Equal(a.labels, b.labels) || !slices.Equal(a.others, b.others) {
		return false
	}
	for _, f := range domain.SyncedFields() {
		if a.values[f] != b.values[f] {
			return false
		}
	}
	return true
}

// changed judges one write of ours to one issue (P7), and notes what it took away.
func (v *watch) changed(t *wire, b, a truth) {
	w := v.w
	if v.pushing == nil {
		w.problem("%s %s was changed outside a push", t.id, a.key)
		return
	}
	if !slices.Equal(a.labels, b.labels) {
		w.problem("P7: labels of %s %s went from %q to %q", t.id, a.key, b.labels, a.labels)
	}
	touched := w.people.touched[string(t.id)+b.id]
	if !slices.Equal(a.others, b.others) && t.id == gh && !v.unseen(t, b, touched) { // a PATCH replaces the list as a whole
		w.problem("P7: other assignees of %s %s went from %q to %q", t.id, a.key, b.others, a.others)
	}
	for _, f := range domain.SyncedFields() {
		if a.values[f] == b.values[f] {
			continue
		}
		meanwhile := v.unseen(t, b, touched)
		restored := b.values[f] == "" && (f == domain.FieldDueOn || f == domain.FieldMetric) // with the block that somebody deleted (A4)
		if !slices.Contains(v.pushing.Fields, f) && !restored && !meanwhile && !(f == domain.FieldDescription && strings.TrimRight(plain(a.text), "\r\n \x00") == strings.TrimRight(plain(b.text), "\r\n \x00")) {
			w.problem("P7: %s of %s %s went from %q to %q in a push of %v", f, t.id, a.key, b.values[f], a.values[f], v.pushing.Fields)
		}
		for _, mark := range marks.FindAllString(b.values[f], -1) {
			at, typed := w.people.entered[mark]
			if !typed || strings.Contains(a.values[f], mark) {
				continue
			}
			unseen := v.unseen(t, b, at)
			w.note("our write took %s away from %s of %s %s (unseen: %t, typed %s ago)", mark, f, t.id, a.key, unseen, now().Sub(at))
			v.lost = append(v.lost, loss{mark: mark, field: f, nonce: b.nonce, id: a.id, unseen: unseen, place: t.id})
		}
	}
}

// plain leaves the place of the block out: one that was missing is put at the end.
func plain(text string) string { return strings.ReplaceAll(text, "\x00", "") }
