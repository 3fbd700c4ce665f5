package simulation

import (
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/store"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// settle is the quiet after the chaos: faults are off, time moves on, and the
// polls alone must bring both sides together.
func (w *world) settle() {
	w.note("--- quiet")
	clear(w.outages)
	if !w.dropRest {
		w.drain()
	}
	for _, p := range w.sites.places() {
		p.hooks(1, 0, 0)
		p.disarm()
	}
	w.sites.github.SetLimits(githubsim.Limits{})
	w.sites.cloud.SetLimits(jirasim.Limits{})
	w.sites.centre.SetLimits(jirasim.Limits{})
	w.rest()
	if w.suspects() {
		w.count("spurious absence")
		w.quiet(9 * time.Hour)
	}
	for range 3 {
		if w.people.decide(true) == 0 {
			break
		}
		w.quiet(3 * time.Minute)
	}
	if w.deletes {
		for n := 0; n < 4 || n < 14 && w.suspects(); n++ { // an absence is counted over a day
			w.quiet(9 * time.Hour)
		}
	}
}

// rest is quiet until nothing is owed: long enough for polls to see what an
// index shows late, at most for the longest back-off and every probe of a create
// whose answer was lost.
func (w *world) rest() {
	w.quiet(6 * time.Minute)
	for range 10 {
		if !w.owed() {
			return
		}
		w.quiet(2 * time.Minute)
	}
}

// owed reports whether anything but the next look at a tracker is scheduled.
func (w *world) owed() bool {
	works, err := w.db.Works(w.ctx, store.WorkFilter{Pending: true, Limit: 200})
	if err != nil {
		w.problem("works: %v", err)
	}
	for _, work := range works {
		look := work.Kind == tracksync.KindPoll || work.Kind == tracksync.KindSweep
		if !work.Dead && (!look || work.Attempt > 0) {
			return true
		}
	}
	return false
}

// drain lets every delivery arrive that is on its way.
func (w *world) drain() {
	for range 20 {
		w.deliver()
		for w.step(w.engines[0]) {
		}
		waiting := 0
		for _, p := range w.sites.places() {
			waiting += p.waiting()
		}
		if waiting == 0 {
			return
		}
		time.Sleep(time.Minute)
	}
}

// quiet runs whatever is due for some time. Long stretches are jumped over:
// each periodic row then runs once per hour.
func (w *world) quiet(d time.Duration) {
	end := now().Add(d)
	for n := range 2000 {
		if w.step(w.engines[n%2]) {
			continue
		}
		if w.step(w.engines[1-n%2]) {
			continue
		}
		next, ok := w.nextDue()
		if !ok || next.After(end) || !now().Before(end) {
			break
		}
		if d > time.Hour {
			next = next.Add(time.Hour)
		}
		time.Sleep(max(next.Sub(now()), time.Millisecond))
	}
	if rest := end.Sub(now()); rest > 0 {
		time.Sleep(rest)
	}
}

func (w *world) nextDue() (time.Time, bool) {
	works, err := w.db.Works(w.ctx, store.WorkFilter{Pending: true, Limit: 200})
	if err != nil {
		w.problem("works: %v", err)
		return time.Time{}, false
	}
	var first time.Time
	for _, work := range works {
		at := work.RunAt
		if work.LeaseUntil.After(at) {
			at = work.LeaseUntil
		}
		if !work.Dead && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first, !first.IsZero()
}

func (w *world) links() []domain.LinkView {
	var out []domain.LinkView
	list, err := w.db.Measures(w.ctx, domain.Everything(), domain.MeasureFilter{}, domain.Page{Limit: 200})
	if err != nil {
		w.problem("measures: %v", err)
		return nil
	}
	for _, m := range list.Items {
		all, err := w.db.LinksOf(w.ctx, domain.Everything(), []domain.MeasureKey{m.Key})
		if err != nil {
			w.problem("links: %v", err)
			return nil
		}
		for _, link := range all[m.Key] {
			view, err := w.db.Link(w.ctx, link.ID)
			if err != nil {
				w.problem("link: %v", err)
				return nil
			}
			out = append(out, view)
		}
	}
	return out
}

func (w *world) suspects() bool {
	for _, v := range w.links() {
		if v.Link.State == domain.LinkGoneSuspect {
			return true
		}
	}
	return false
}

// final holds the world against the invariants P1 to P13.
func (v *watch) final() {
	w := v.w
	links := w.links()
	v.oneIssuePerLink(links)
	for _, link := range links {
		v.equal(link)
	}
	v.nothingLost(links)
	v.imports(links)
	v.history(links)
	v.silence()
	w.works()
}

// works fails when something is still owed and nobody will do it.
func (w *world) works() {
	works, err := w.db.Works(w.ctx, store.WorkFilter{Pending: true, Limit: 200})
	if err != nil {
		w.problem("works: %v", err)
	}
	for _, work := range works {
		if work.Dead {
			w.problem("P3: %s is given up: %s", work.Key, work.LastError)
		}
	}
}

// oneIssuePerLink is P5, and P13 as far as nothing new appears.
func (v *watch) oneIssuePerLink(links []domain.LinkView) {
	byNonce := map[string][]truth{}
	for _, p := range v.w.sites.places() {
		for _, t := range p.issues() {
			if t.nonce != "" && !v.w.people.copies[t.id] {
				byNonce[t.nonce] = append(byNonce[t.nonce], t)
			}
		}
	}
	for nonce, all := range byNonce {
		if len(all) > 1 {
			v.w.problem("P5: nonce %s is on %d issues", nonce, len(all))
		}
	}
	for _, link := range links {
		if link.Link.Creating() {
			v.w.problem("P5: link %s of %s is still being created: %s %+v", link.Link.ID, link.Link.Tracker, link.Link.Reason, *link.Link.Create)
		}
	}
}

// equal is P3: the measure is what the tracker truly says, field by field,
// unless the link says in words why it is not.
func (v *watch) equal(link domain.LinkView) {
	w, l := v.w, link.Link
	if l.Remote.ID == "" || l.State == domain.LinkDetached {
		return
	}
	place := w.sites.at(l.Tracker)
	real, exists := place.issue(l.Remote.ID)
	if !exists {
		switch {
		case l.State == domain.LinkTombstone:
		case w.swept(l.Tracker):
			w.count("absence of many left to a person")
		default:
			w.problem("P13: the issue of %s is gone, the link is %s (%d)", l.ID, l.State, l.Gone)
		}
		w.count("tombstone")
		return
	}
	switch l.State {
	case domain.LinkSynced, domain.LinkBlocked:
	case domain.LinkOscillating:
		w.count("link stopped as oscillating") // people contradict each other that fast here
		return
	default:
		w.problem("P3: link %s of %s with %s is %s: %s %s", l.ID, link.Measure.Key, real.key, l.State, l.Reason, l.LastError)
	}
	view, err := w.db.Tracker(w.ctx, l.Tracker)
	if err != nil {
		w.problem("tracker: %v", err)
		return
	}
	adapter, err := place.open(view.Tracker, view.Secrets, view.Identities, place.transport(), now)
	if err != nil {
		w.problem("adapter: %v", err)
		return
	}
	s, err := adapter.Fetch(w.ctx, l.Remote)
	if err != nil {
		w.problem("P3: the issue of %s cannot be read: %v", l.ID, err)
		return
	}
	s = seenBy(adapter, s, link.Measure.ID)
	local := link.Measure.Values()
	for _, f := range domain.SyncedFields() {
		remote, known := s.Fields[f]
		switch state := l.FieldStates[f]; {
		case f == domain.FieldIncident, !known, remote.Value == local[f], adapter.Put(f, local[f], s).Raw == remote.Raw:
		case state.State == domain.FieldFailed && remote.State == domain.FieldFailed:
			w.count("unreadable field")
		case state.State == domain.FieldOpaque, state.State == domain.FieldFailed && state.Code == "unmappable":
			w.count("field " + string(state.State) + " " + state.Code)
		default:
			w.problem("P3: %s of %s is %q here and %q in %s %s (field %+v)", f, link.Measure.Key, local[f], remote.Value, l.Tracker, real.key, state)
		}
	}
}

// swept reports whether the sweep of a tracker has stopped because too many
// issues are missing at once.
func (w *world) swept(id domain.TrackerID) bool {
	view, err := w.db.Tracker(w.ctx, id)
	if err != nil {
		w.problem("tracker: %v", err)
	}
	return strings.Contains(view.Status.SweepError, "missing at once")
}

// seenBy reads a snapshot with the eyes of one measure, as the engine does.
func seenBy(adapter tracksync.Tracker, s domain.Snapshot, measureID string) domain.Snapshot {
	if f, ok := adapter.(interface {
		For(domain.Snapshot, string) domain.Snapshot
	}); ok {
		return f.For(s, measureID)
	}
	return s
}

// nothingLost is P4: what people typed and we took away, and what people typed
// here, is in the history or in the final state.
func (v *watch) nothingLost(links []domain.LinkView) {
	w := v.w
	texts := map[domain.MeasureKey]string{}
	for _, link := range links {
		if _, ok := texts[link.Measure.Key]; !ok {
			texts[link.Measure.Key] = v.everything(link.Measure)
		}
	}
	measureOf := map[string]domain.MeasureKey{}
	for _, link := range links {
		measureOf[string(link.Link.Tracker)+link.Link.Remote.ID] = link.Measure.Key
	}
	for _, l := range v.lost {
		key, ok := measureOf[string(l.place)+l.id]
		switch kept := ok && strings.Contains(texts[key], l.mark); {
		case kept && l.unseen:
			w.count("unseen edit recovered")
		case kept:
			w.count("overwritten value kept")
		case l.unseen:
			w.count("unseen edit overwritten")
		default:
			w.problem("P4: %s, typed into %s of an issue in %s, was taken away and is nowhere", l.mark, l.field, l.place)
		}
	}
	for _, typed := range w.people.typed {
		text, ok := texts[typed.measure]
		if ok && !strings.Contains(text, typed.mark) {
			w.problem("P4: %s, typed into %s of %s, is nowhere", typed.mark, typed.field, typed.measure)
		}
	}
}

// everything is all that the measure and its history say.
func (v *watch) everything(m domain.Measure) string {
	var b strings.Builder
	for _, value := range m.Values() {
		b.WriteString(value + "\n")
	}
	page := domain.Page{Limit: 200}
	for {
		list, err := v.w.db.History(v.w.ctx, domain.Everything(), domain.SubjectMeasure, string(m.Key), page)
		if err != nil {
			v.w.problem("history: %v", err)
			return b.String()
		}
		for _, row := range list.Items {
			b.WriteString(row.From + "\n" + row.To + "\n")
		}
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			return b.String()
		}
	}
}

// imports: an issue with the label became exactly one measure.
func (v *watch) imports(links []domain.LinkView) {
	held := map[string]int{}
	for _, link := range links {
		held[string(link.Link.Tracker)+link.Link.Remote.ID]++
	}
	for id, issues := range v.w.people.imported {
		for _, issue := range issues {
			n := held[string(id)+issue]
			if t, ok := v.w.sites.at(id).issue(issue); n > 1 || n == 0 && ok {
				v.w.problem("import: issue %s of %s is held by %d links", t.key, id, n)
			}
			v.w.count("issue imported")
		}
	}
}

// history is gapless, in the log and per measure.
func (v *watch) history(links []domain.LinkView) {
	var last int64
	per := map[string]int64{}
	err := v.w.db.EachChange(v.w.ctx, domain.Everything(), 0, func(c domain.Change) error {
		if c.Seq != last+1 {
			v.w.problem("history: %d follows %d", c.Seq, last)
		}
		last = c.Seq
		key := string(c.Subject) + c.Key
		if per[key]++; c.SubjectSeq != per[key] {
			v.w.problem("history: of %s, %d is number %d", key, c.SubjectSeq, per[key])
		}
		return nil
	})
	if err != nil {
		v.w.problem("history: %v", err)
	}
	if err := v.w.db.CheckLog(v.w.ctx); err != nil {
		v.w.problem("history: the evidence log: %v", err)
	}
}

// silence is P1 and P2: without edits nothing is written any more, there or here.
func (v *watch) silence() {
	w := v.w
	before, rows := v.total(), w.lastSeq()
	for _, link := range w.links() {
		if err := w.db.ScheduleAt(w.ctx, "link:"+string(link.Link.ID), tracksync.KindLink, now()); err != nil {
			w.problem("schedule: %v", err)
		}
	}
	w.quiet(3 * time.Minute)
	if n := v.total() - before; n != 0 {
		w.problem("P1: %d writes although nobody edited anything", n)
	}
	if n := w.lastSeq() - rows; n != 0 {
		w.problem("P1: %d history rows although nobody edited anything", n)
	}
}

func (v *watch) total() int {
	n := 0
	for _, writes := range v.writes {
		n += writes
	}
	return n
}

func (w *world) lastSeq() int64 {
	seq, err := w.db.LastSeq(w.ctx)
	if err != nil {
		w.problem("last row: %v", err)
	}
	return seq
}
