package githubsim

import (
	"bytes"
	"context"
	"io"
	"path"
	"sort"
	"strings"
	"time"
)

// Rule says which requests get which fault. The first rule that fires wins.
type Rule struct {
	// Method is the method to match; empty matches every method.
	Method string
	// Path is a route pattern such as /repos/{owner}/{repo}/issues, or a glob
	// such as /repos/*/*/issues, without the base path. Empty matches all.
	Path string
	// Nth lets only the nth matching request through to the fault, counted
	// from one. Zero means every one.
	Nth int
	// Times is how often the rule fires at most. Zero means no end, or once
	// if Nth is set.
	Times int
	// Probability is the chance that a matching request gets the fault. Zero
	// means certainty.
	Probability float64
	// Effect is what happens.
	Effect Effect
}

type rule struct {
	Rule
	seen, fired int
}

// Effect is one entry of the fault menu. The functions in menu.go make them.
type Effect struct {
	// Name is how the fault is counted: Sometimes()["fault/NAME"].
	Name string

	before       func(*call) *reply   // answers instead of doing the request
	after        func(*call, *answer) // spoils the answer to a request that was done
	fails        error                // the connection breaks with this
	delay        time.Duration
	cutAt        int
	drip         time.Duration
	clock        time.Duration
	staleCommits int64
	staleFor     time.Duration
	dropMembers  bool
}

// Inject adds rules to the fault plan. Rules added earlier are tried first.
func (s *Server) Inject(rules ...Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rules {
		if r.Nth > 0 && r.Times == 0 {
			r.Times = 1
		}
		s.rules = append(s.rules, &rule{Rule: r})
	}
}

// ClearFaults removes all rules: the liveness phase of a simulation, in which
// everything must converge, begins here.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// fault picks the effect for a request, if any.
func (s *Server) fault(method, at string) *Effect {
	for _, r := range s.rules {
		if !s.applies(r, method, at) {
			continue
		}
		r.seen++
		if r.Nth > 0 && r.seen < r.Nth || r.Times > 0 && r.fired >= r.Times {
			continue
		}
		if r.Probability > 0 && s.rand.Float64() >= r.Probability {
			continue
		}
		r.fired++
		s.count("fault/" + r.Effect.Name)
		return &r.Effect
	}
	return nil
}

func (s *Server) applies(r *rule, method, at string) bool {
	if r.Method != "" && r.Method != method {
		return false
	}
	if r.Path == "" {
		return true
	}
	if strings.Contains(r.Path, "{") {
		found, _, _ := s.find(method, at)
		return found != nil && found.pattern == r.Path
	}
	match, err := path.Match(r.Path, at)
	if err != nil {
		panic("githubsim: the path of a fault rule is not a glob: " + r.Path)
	}
	return match
}

// staleCommit is the last commit a stale read sees, or -1 for the present.
func (s *Server) staleCommit(e *Effect) int64 {
	switch {
	case e.staleCommits > 0:
		return max(0, s.commit-e.staleCommits)
	case e.staleFor > 0:
		limit := s.now().Add(-e.staleFor)
		return int64(sort.Search(len(s.commits), func(i int) bool { return s.commits[i].After(limit) }))
	}
	return -1
}

// wait holds the answer back as its fault asks and returns the error with
// which the connection breaks, if it does.
func (a answer) wait(ctx context.Context) error {
	if a.effect == nil {
		return nil
	}
	if err := pause(ctx, a.effect.delay); err != nil {
		return err
	}
	return a.effect.fails
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// reader yields the body the way the fault has it.
func (a answer) reader(ctx context.Context) io.Reader {
	var r io.Reader = bytes.NewReader(a.body)
	if a.effect == nil {
		return r
	}
	if n := a.effect.cutAt; n > 0 && n < len(a.body) {
		r = io.MultiReader(bytes.NewReader(a.body[:n]), broken{})
	}
	if a.effect.drip > 0 {
		r = &dripping{ctx: ctx, r: r, every: a.effect.drip}
	}
	return r
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// dripping yields 512 bytes at a time and waits before each.
type dripping struct {
	ctx   context.Context //nolint:containedctx // a body reader has no other way to hear of cancellation
	r     io.Reader
	every time.Duration
}

func (d *dripping) Read(b []byte) (int, error) {
	if err := pause(d.ctx, d.every); err != nil {
		return 0, err
	}
	return d.r.Read(b[:min(len(b), 512)])
}
