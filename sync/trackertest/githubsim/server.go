// Package githubsim is a stateful simulated GitHub, github.com as well as
// GitHub Enterprise Server. It speaks the real wire formats over HTTP, so that
// adapters are tested through the same bytes they meet in production, and it
// is what `followthrough demo` talks to.
//
// The simulator is written from GitHub's published description and from
// recorded exchanges, without any client library, so that it is a second,
// independent reading of the same contract. It holds everything in memory, is
// safe for concurrent use, takes its time from an injected clock and its
// chances from a seed, and needs no socket: Transport answers in process and
// therefore works inside a testing/synctest bubble.
package githubsim

import (
	"html/template"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Paging says which form the Link header of issue lists takes.
type Paging int

// The forms of Link headers GitHub has been seen to send.
const (
	// PageNumbers links to page=2, page=3 and so on.
	PageNumbers Paging = iota
	// PagesAndCursor links carry both a page number and an after cursor.
	PagesAndCursor
	// CursorOnly links carry an after cursor and no page number.
	CursorOnly
)

// Options configure a Server. The zero value is a github.com that never
// limits, drops or fails.
type Options struct {
	// Now is the clock. Nil means a clock that stands at 2026-01-05T09:00:00Z
	// and advances by one second per change, which is enough for small tests.
	Now func() time.Time
	// Seed drives every random choice. Equal seeds and equal calls give equal
	// runs.
	Seed uint64
	// BaseURL is the API address that answers carry in their links. Empty
	// means https://api.github.com/, or https://github.example/api/v3/ for
	// Enterprise. Requests are expected under its path.
	BaseURL string
	// WebURL is the address of the pages for people, used in html_url.
	WebURL string
	// Enterprise makes the server a GitHub Enterprise Server of this version,
	// for example "3.19.0": other base path, no rate limit headers unless
	// limits are enforced, no issue fields.
	Enterprise string
	// Web serves a minimal page for people under WebURL's path.
	Web bool

	// Paging is the form of the Link header in issue lists.
	Paging Paging
	// DeepPageLimit is the number of rows behind which page numbers are
	// refused with 422. Zero means 10,000, negative means no limit.
	DeepPageLimit int
	// SinceExclusive makes the since filter exclusive instead of inclusive.
	SinceExclusive bool
	// NoopBumpsUpdated lets a PATCH that changes nothing move updated_at.
	NoopBumpsUpdated bool
	// RejectUnassignable answers 422 to an assignee without access instead of
	// dropping it silently.
	RejectUnassignable bool
	// LFInBrowser keeps LF in texts edited by people. Browsers send CRLF and
	// GitHub stores it, so CRLF is the default.
	LFInBrowser bool
	// RedirectWrites is the status for writes to a renamed repository; zero
	// means 307. Reads are answered with 301.
	RedirectWrites int
	// TransferredWrites is the status for writes to a transferred issue; zero
	// means 301, 404 is the other form that has been seen.
	TransferredWrites int
	// TitleLimit is the longest title in characters. Zero means 256.
	TitleLimit int

	// Limits are the rate limits.
	Limits Limits
	// Hooks says what happens to webhook deliveries on their way.
	Hooks HookPlan
	// Sender carries webhook deliveries. Nil means that they are answered as
	// if the receiver could not be reached.
	Sender Sender
}

// Server is the simulated GitHub. Create one with New.
type Server struct {
	opts   Options
	routes []route
	pages  *template.Template
	links  map[string]string // members of a repository that are addresses

	mu         sync.Mutex
	rand       *rand.Rand
	base, web  *url.URL
	offset     time.Duration
	listLag    time.Duration
	idleTicks  int64
	ids        int64
	commit     int64
	commits    []time.Time
	epoch      int64
	users      map[string]*user
	usersByID  map[int64]*user
	repos      map[string]*repo
	reposByID  map[int64]*repo
	moved      map[string]int64
	tokens     map[string]*token
	apps       map[int64]*app
	installs   map[int64]*installation
	hooks      map[int64]*hook
	fields     map[int64][]*field
	buckets    map[string]*bucket
	ledger     []*issue
	log        []Request
	hits       map[string]int
	sometimes  map[string]int
	rules      []*rule
	deliveries []*delivery
	queue      []*delivery
	woken      chan struct{}
}

// New returns an empty simulated GitHub.
func New(opts Options) *Server {
	if opts.DeepPageLimit == 0 {
		opts.DeepPageLimit = 10_000
	}
	if opts.TitleLimit == 0 {
		opts.TitleLimit = 256
	}
	if opts.RedirectWrites == 0 {
		opts.RedirectWrites = 307
	}
	if opts.TransferredWrites == 0 {
		opts.TransferredWrites = 301
	}
	opts.Limits = opts.Limits.withDefaults()
	s := &Server{
		opts:      opts,
		rand:      rand.New(rand.NewPCG(opts.Seed, 0x67697468)),
		ids:       3_000_000_000, // real ids have long outgrown 32 bits
		users:     map[string]*user{},
		usersByID: map[int64]*user{},
		repos:     map[string]*repo{},
		reposByID: map[int64]*repo{},
		moved:     map[string]int64{},
		tokens:    map[string]*token{},
		apps:      map[int64]*app{},
		installs:  map[int64]*installation{},
		hooks:     map[int64]*hook{},
		fields:    map[int64][]*field{},
		buckets:   map[string]*bucket{},
		hits:      map[string]int{},
		sometimes: map[string]int{},
		woken:     make(chan struct{}, 1),
	}
	s.routes, s.links, s.pages = s.table(), repoLinks(), parsePages()
	s.setURLs(opts.BaseURL, opts.WebURL)
	return s
}

// SetURLs changes the API and web addresses that answers carry in their links,
// for a listener whose port is known only after it was opened.
func (s *Server) SetURLs(base, web string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setURLs(base, web)
}

func (s *Server) setURLs(base, web string) {
	if base == "" {
		base = "https://api.github.com/"
		if s.opts.Enterprise != "" {
			base = "https://github.example/api/v3/"
		}
	}
	if web == "" {
		web = strings.TrimSuffix(strings.TrimSuffix(base, "/"), "/api/v3")
		web = strings.Replace(web, "//api.github.com", "//github.com", 1)
	}
	s.base, s.web = mustURL(base), mustURL(web)
	s.epoch++
}

// BaseURL is the API address, with a trailing slash.
func (s *Server) BaseURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.api("/")
}

func mustURL(raw string) *url.URL {
	u, err := url.Parse(strings.TrimSuffix(raw, "/"))
	if err != nil {
		panic("githubsim: address " + raw + " is not a URL: " + err.Error())
	}
	return u
}

// api returns the absolute API address of an escaped path.
func (s *Server) api(path string) string { return s.base.String() + path }

// html returns the absolute web address of an escaped path.
func (s *Server) html(path string) string { return s.web.String() + path }

// SetClockOffset makes the server's clock run ahead of Now by d, or behind it
// if d is negative.
func (s *Server) SetClockOffset(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset = d
}

// SetListLag makes issue lists show the state of d ago, while single issues are
// read fresh: lists are served from replicas. It combines with faults.
func (s *Server) SetListLag(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listLag = d
}

// now never runs backwards while the offset stands still, as GitHub's
// updated_at does not.
func (s *Server) now() time.Time {
	var t time.Time
	if s.opts.Now != nil {
		t = s.opts.Now().UTC()
	} else {
		t = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC).Add(time.Duration(s.idleTicks) * time.Second)
	}
	return t.Add(s.offset)
}

// tick numbers a change. Views of the past are taken by that number.
func (s *Server) tick() int64 {
	s.idleTicks++
	s.commit++
	s.commits = append(s.commits, s.now())
	return s.commit
}

func (s *Server) id() int64 {
	s.ids += 1 + s.rand.Int64N(7)
	return s.ids
}

func (s *Server) count(name string) { s.sometimes[name]++ }
