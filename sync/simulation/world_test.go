package simulation

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/store"
	tracksync "github.com/followthrough/followthrough/sync"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/jira"
)

// settings are what a run is made of. The zero value but for the seed is the
// ordinary simulation; the rest switches a safeguard off.
type settings struct {
	seed uint64
	// noProbe lets the look for a nonce find nothing, noBase forgets what both
	// sides agreed on, noOverlap moves cursors to the present, noLease hands
	// rows out that somebody holds.
	noProbe, noBase, noOverlap, noLease bool
	// shape changes the drawn plan.
	shape func(*plan)
}

// plan is how rough a world is; it is drawn from the seed.
type plan struct {
	steps    int
	measures int
	// The chances of a fault per request, of a crash per commit and request, and
	// of something happening between two of them.
	fault, crash, between float64
	loss, twice           float64
	late                  time.Duration
	lag                   map[domain.TrackerID]time.Duration
	// downAt and downFor are an outage of one place, in steps and in time.
	down    domain.TrackerID
	downAt  int
	downFor time.Duration
	limits  bool
	deletes bool
	policy  map[domain.Field]domain.Resolution
	// dropRest loses the deliveries that are on their way when the chaos ends.
	dropRest bool
}

func drawPlan(r *rand.Rand) plan {
	pick := func(values ...float64) float64 { return values[r.IntN(len(values))] }
	// Most worlds are small: what goes wrong goes wrong between a few steps, and
	// many different orders find more than long ones. One in 40 is a long one.
	steps, measures := 5+r.IntN(12), 1
	if r.IntN(40) == 0 {
		steps, measures = 50+r.IntN(60), 1+r.IntN(3)
	}
	p := plan{steps: steps, measures: measures, fault: pick(0, 0.03, 0.08), crash: pick(0, 0.004, 0.015), between: pick(0, 0.05, 0.15),
		loss: pick(0, 0.3, 1), twice: pick(0, 0.2), late: time.Duration(pick(0, 20, 240)) * time.Second, limits: r.IntN(4) == 0, deletes: r.IntN(8) == 0,
		dropRest: r.IntN(2) == 0, lag: map[domain.TrackerID]time.Duration{}, policy: map[domain.Field]domain.Resolution{}}
	if r.IntN(3) == 0 {
		p.lag[gh] = time.Duration(pick(5, 60, 90)) * time.Second
		p.lag[jc] = time.Duration(pick(5, 30, 60)) * time.Second
		p.lag[jd] = time.Duration(pick(1, 5, 60)) * time.Second
	}
	if r.IntN(3) == 0 {
		p.down, p.downAt, p.downFor = []domain.TrackerID{gh, jc, jd}[r.IntN(3)], r.IntN(p.steps), time.Duration(1+r.IntN(5))*time.Hour
	}
	if r.IntN(3) == 0 {
		for _, f := range []domain.Field{domain.FieldTitle, domain.FieldDescription, domain.FieldStatus, domain.FieldPriority, domain.FieldOwner, domain.FieldDueOn, domain.FieldMetric} {
			all := []domain.Resolution{domain.ResolveOurs, domain.ResolveTracker, domain.ResolveNewest, domain.ResolveAsk}
			p.policy[f] = all[r.IntN(len(all))]
		}
	}
	return p
}

// world is one organisation with two replicas of the service, three trackers
// and the people on both sides. Everything in it happens on one goroutine, in
// an order that the seed decides; time is virtual.
type world struct {
	settings
	plan
	rng     *rand.Rand
	ctx     context.Context
	db      *store.DB
	app     *app.App
	sites   *sites
	budgets budgets
	engines [2]*replica
	// chaos is true while things go wrong; depth is above zero inside something
	// that happens between two steps of a replica.
	chaos bool
	depth int
	ids   int

	people  *people
	watch   *watch
	outages map[domain.TrackerID]time.Time

	log      []string
	problems []string
	counts   map[string]int
}

func now() time.Time { return time.Now().UTC() }

// newWorld builds a world in the present bubble.
func newWorld(ctx context.Context, s settings, file string) (*world, error) {
	if err := os.WriteFile(file, template.data, 0o600); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(s.seed, 7))
	w := &world{settings: s, plan: drawPlan(rng), rng: rng, ctx: ctx, counts: map[string]int{}, outages: map[domain.TrackerID]time.Time{}, budgets: budgets{}}
	if s.shape != nil {
		s.shape(&w.plan)
	}
	time.Sleep(start.Sub(now()))
	var err error
	if w.db, err = store.Open(ctx, storeOptions(file, now)); err != nil {
		return nil, err
	}
	w.sites = newSites(s.seed, now)
	w.sites.receive = w.receive
	w.app = app.New(app.Options{Store: appStore{w.db, w}, Now: now, Hosts: hosts, Remote: nil})
	w.people, w.watch = newPeople(w), newWatch(w)
	for n := range w.engines {
		w.boot(n)
	}
	return w, w.prepare()
}

// prepare shapes the trackers as the plan says and gives them their rows.
func (w *world) prepare() error {
	if err := w.identify(); err != nil {
		return err
	}
	for _, id := range w.trackers() {
		p := w.sites.at(id)
		p.lag(w.lag[id])
		p.hooks(w.loss, w.twice, w.late)
		if len(w.policy) > 0 {
			_, err := w.db.UpdateTracker(w.ctx, domain.Attribution{Source: domain.FromUser, Actor: "p_ana"}, id, 0, func(t *domain.Tracker, _ *domain.Secrets) error {
				t.ConflictPolicy = w.policy
				return nil
			})
			if err != nil {
				return err
			}
		}
		if err := w.db.ScheduleAt(w.ctx, "poll:"+string(id), tracksync.KindPoll, now()); err != nil {
			return err
		}
		if err := w.db.ScheduleAt(w.ctx, "sweep:"+string(id), tracksync.KindSweep, now().Add(24*time.Hour)); err != nil {
			return err
		}
	}
	if w.limits {
		w.sites.github.SetLimits(githubLimits())
		w.sites.cloud.SetLimits(jiraLimits())
		w.sites.centre.SetLimits(jiraLimits())
	}
	return nil
}

// identify tells the account ids of this world's GitHub, which its seed decides.
func (w *world) identify() error {
	by := domain.Attribution{Source: domain.FromUser, Actor: string(ana)}
	ids := w.sites.github.configured().identities
	for _, i := range ids {
		if err := w.db.RemoveIdentity(w.ctx, by, gh, i.Person); err != nil {
			return err
		}
	}
	for _, i := range ids {
		if err := w.db.SetIdentity(w.ctx, by, i); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) trackers() []domain.TrackerID { return []domain.TrackerID{gh, jc, jd} }

func (w *world) close() error {
	for _, r := range w.engines {
		r.end()
	}
	time.Sleep(3 * time.Minute) // lets what waits on timers see that it is over
	return w.db.Close()
}

// sign gives ids in order, so that a seed plays the same way each time.
func (w *world) sign(prefix string) string {
	w.ids++
	return prefix + fmt.Sprintf("%08d", w.ids)
}

func (w *world) count(what string) { w.counts[what]++ }

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, now().Format("02 15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// problem is an invariant that does not hold.
func (w *world) problem(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.problems = append(w.problems, text)
	w.note("PROBLEM %s", text)
}

func (w *world) chance(p float64) bool { return p > 0 && w.rng.Float64() < p }

// replica is one process of the service.
type replica struct {
	w      *world
	n      int
	name   string
	engine *tracksync.Engine
	ctx    context.Context
	cancel context.CancelFunc
	// dead is true from the moment of a crash: nothing it still tries happens.
	dead bool
	// stalled is time that passed in the middle of a step.
	stalled time.Duration
	busy    bool
}

// crashed unwinds the step of a replica that dies: nothing after the point of
// the crash happens, not even what the engine protects from cancellation.
type crashed struct{ r *replica }

// boot starts a process on the store as it is.
func (w *world) boot(n int) {
	r := &replica{w: w, n: n, name: "replica " + strconv.Itoa(n) + w.sign(".")}
	r.ctx, r.cancel = context.WithCancel(w.ctx)
	s := &replicaStore{DB: w.db, r: r}
	r.engine = tracksync.New(tracksync.Config{Store: s, Schedule: s, Inbox: s, Open: r.open, Hooks: hookReaders(),
		MeasureURL:  func(k domain.MeasureKey) string { return "https://followthrough.example/measures/" + string(k) },
		IncidentURL: func(k domain.IncidentKey) string { return "https://followthrough.example/incidents/" + string(k) },
		Now:         now, Log: slog.New(&noter{w: w, name: r.name}), Owner: r.name, Settings: tracksync.Settings{Poll: 2 * time.Minute}})
	w.engines[n] = r
}

func (r *replica) end() {
	r.dead = true
	r.cancel()
}

func hookReaders() map[domain.TrackerKind]tracksync.HookReader {
	return map[domain.TrackerKind]tracksync.HookReader{
		domain.GitHub: {Verify: github.VerifySignature, Headers: []string{"X-GitHub-Event", "X-GitHub-Delivery", "X-GitHub-Hook-ID"}},
		domain.Jira:   {Verify: jira.VerifySignature, Headers: []string{"X-Atlassian-Webhook-Identifier", "X-Atlassian-Webhook-Retry", "X-Atlassian-Webhook-Flow"}},
	}
}

// open builds an adapter the way the program does, on the simulated network.
func (r *replica) open(view domain.TrackerView) (tracksync.Tracker, error) {
	id, place := view.Tracker.ID, r.w.sites.at(view.Tracker.ID)
	governor := &tracksync.Governor{Next: &wire{r: r, id: id, place: place, next: place.transport()}, Credential: string(id), Kind: view.Tracker.Kind,
		Limits: r.w.budgets, Now: now, Classify: place.classify, Jitter: func(most time.Duration) time.Duration { return (most / 3).Truncate(time.Millisecond) }}
	if view.Tracker.Kind == domain.GitHub {
		governor.Spacing = time.Second
	}
	tracker, err := place.open(view.Tracker, view.Secrets, view.Identities, governor, now)
	return &spy{Tracker: tracker, r: r, id: id}, err
}

// on lets a replica do something; it may die of it.
func (w *world) on(r *replica, do func(context.Context)) {
	if r.busy {
		return // one step at a time
	}
	r.busy, r.stalled = true, 0
	defer func() {
		r.busy = false
		switch c := recover().(type) {
		case nil:
		case crashed:
			if c.r != r {
				panic(c)
			}
			r.end()
			w.boot(r.n)
		default:
			panic(c)
		}
	}()
	do(r.ctx)
}

// point is a place in a step at which the process may die or the rest of the
// world may do something.
func (w *world) point(r *replica, at string) {
	if r.dead {
		panic(crashed{r})
	}
	if !w.chaos {
		return
	}
	if w.chance(w.crash) {
		w.count("crash/" + at)
		w.note("%s dies at %s", r.name, at)
		r.end()
		panic(crashed{r})
	}
	if w.depth == 0 && w.chance(w.between) {
		w.depth++
		before := now()
		w.meanwhile(r)
		r.stalled += now().Sub(before)
		w.depth--
	}
}

// meanwhile is what happens between two steps of a replica.
func (w *world) meanwhile(r *replica) {
	switch n := w.rng.IntN(20); {
	case n < 6:
		w.people.here()
	case n < 13:
		w.people.there()
	case n < 17:
		w.step(w.engines[1-r.n])
	case n < 19:
		w.deliver()
	default:
		d := time.Duration(1+w.rng.IntN(45)) * time.Second
		w.note("%s stalls for %s", r.name, d)
		w.count("stall")
		time.Sleep(d)
	}
}

// receive is the hook address of the service: whichever replica is free.
func (w *world) receive(_ context.Context, id domain.TrackerID, header http.Header, body []byte) int {
	kind := domain.Jira
	if id == gh {
		kind = domain.GitHub
	}
	for _, r := range w.engines {
		if r.busy {
			continue
		}
		status := http.StatusServiceUnavailable
		w.on(r, func(ctx context.Context) {
			switch err := r.engine.Intake(ctx, kind, id, header, body); domain.KindOf(err) {
			case "":
				if err == nil {
					status = http.StatusAccepted
				}
			case domain.ErrUnauthorized:
				status = http.StatusUnauthorized
			}
		})
		w.count("hook received")
		return status
	}
	w.count("hook refused")
	return http.StatusServiceUnavailable
}

func (w *world) deliver() {
	for _, p := range w.sites.places() {
		p.deliver(w.ctx)
	}
}

var workKinds = []string{tracksync.KindLink, tracksync.KindHook, tracksync.KindPoll, tracksync.KindSweep}

// step lets a replica work on one due row; false when there is none.
func (w *world) step(r *replica) bool {
	worked := false
	w.on(r, func(ctx context.Context) {
		works, err := r.engine.Schedule.ClaimWork(ctx, r.name, workKinds, 1, 30*time.Second, now())
		if err != nil {
			w.problem("claim: %v", err)
			return
		}
		for _, work := range works {
			worked = true
			w.note("%s works on %s, attempt %d", r.name, work.Lease.Key, work.Attempt)
			r.engine.Do(ctx, work)
		}
	})
	return worked
}

// run plays the whole story: chaos, then quiet, then the invariants.
func (w *world) run() {
	w.chaos = true
	w.people.begin()
	for n := range w.steps {
		if n == w.downAt && w.down != "" {
			w.outages[w.down] = now().Add(w.downFor)
			w.note("%s is down for %s", w.down, w.downFor)
			w.count("outage")
		}
		w.move()
	}
	w.chaos = false
	w.settle()
	w.watch.final()
}

// move is one step of the chaos.
func (w *world) move() {
	switch n := w.rng.IntN(20); {
	case n < 4:
		w.people.here()
	case n < 9:
		w.people.there()
	case n < 11:
		w.deliver()
	}
	for range 1 + w.rng.IntN(6) {
		if !w.step(w.engines[w.rng.IntN(2)]) {
			break
		}
	}
	w.pass()
}

// pass lets time pass: mostly little, longer while a place is down.
func (w *world) pass() {
	d := time.Duration(w.rng.IntN(4000)) * time.Millisecond
	if w.rng.IntN(4) == 0 {
		d = time.Duration(10+w.rng.IntN(80)) * time.Second
	}
	if until := w.outages[w.down]; w.down != "" && now().Before(until) && w.rng.IntN(4) == 0 {
		d = min(time.Duration(5+w.rng.IntN(40))*time.Minute, until.Sub(now())+time.Second)
	}
	time.Sleep(d)
}

func worldFile(worker string) string { return filepath.Join(template.folder, "world-"+worker+".db") }

// noter is the engine's log in the story of the world.
type noter struct {
	w    *world
	name string
	slog.Handler
}

func (n *noter) Enabled(context.Context, slog.Level) bool { return true }

func (n *noter) Handle(_ context.Context, r slog.Record) error {
	text := ""
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	n.w.note("%s says: %s%s", n.name, r.Message, text)
	return nil
}

func (n *noter) WithAttrs([]slog.Attr) slog.Handler { return n }

func (n *noter) WithGroup(string) slog.Handler { return n }
