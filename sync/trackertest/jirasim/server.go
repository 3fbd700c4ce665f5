// Package jirasim is a stateful simulated Jira, Cloud as well as Data Center.
// It speaks the real wire formats over HTTP, so that adapters are tested
// through the same bytes they meet in production, and it is what
// `followthrough demo` talks to.
//
// The simulator is written from Atlassian's published description and from
// recorded exchanges, without any client library, so that it is a second,
// independent reading of the same contract. It holds everything in memory, is
// safe for concurrent use, takes its time from an injected clock and its
// chances from a seed, and needs no socket: Transport answers in process and
// therefore works inside a testing/synctest bubble.
package jirasim

import (
	"html/template"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Flavor says which Jira is simulated.
type Flavor int

// The flavors.
const (
	// Cloud is Jira Cloud: account ids, token-paged search, points limits.
	Cloud Flavor = iota
	// DataCenter is Jira Data Center: user names, offset-paged search,
	// personal access tokens, token bucket limits.
	DataCenter
)

// Options configure a Server. The zero value is a Jira Cloud that never
// limits, lags or fails.
type Options struct {
	// Flavor is Cloud or DataCenter.
	Flavor Flavor
	// Version is the version a Data Center reports, for example "10.3.2".
	// Its major number decides which paths webhooks are registered under.
	Version string
	// Now is the clock. Nil means a clock that stands at 2026-01-05T09:00:00Z
	// and advances by one second per change, which is enough for small tests.
	Now func() time.Time
	// Seed drives every random choice. Equal seeds and equal calls give equal
	// runs.
	Seed uint64
	// BaseURL is the address of the site, which may have a path. Empty means
	// https://acme.atlassian.net, or https://jira.example/jira on Data Center.
	BaseURL string
	// CloudID lets OAuth clients ask under /ex/jira/{CloudID} as well, on any
	// host. Empty means 11111111-2222-4333-8444-555555555555.
	CloudID string
	// TokenPath is the path of the OAuth token endpoint; empty means
	// /oauth/token.
	TokenPath string
	// AccessTokenLife is how long OAuth access tokens live; zero means 1 h.
	AccessTokenLife time.Duration
	// Web serves pages for people below /browse.
	Web bool

	// IndexLag is how much later than the change search sees it.
	IndexLag time.Duration
	// IndexJitter adds up to this much to the lag of each change, so that
	// changes may enter the index in another order than they were made.
	IndexJitter time.Duration
	// PageTokenLife is how long paging tokens are good for; zero means 1 h.
	PageTokenLife time.Duration
	// NoIsLast leaves isLast out of Cloud search answers, as has been seen.
	NoIsLast bool
	// MaxPage caps maxResults of searches; zero means 100 on Cloud (5,000 if
	// only ids are asked for) and 1,000 on Data Center.
	MaxPage int
	// WarnOnUnknown makes a Data Center answer searches for unknown projects
	// with 200, no rows and warningMessages instead of 400.
	WarnOnUnknown bool

	// LossyText makes Cloud texts come back as after the conversion from wiki
	// to its document format and back: trimmed, lists and emphasis
	// normalised, images, mentions and anchors gone.
	LossyText bool
	// NormalizeText, if set, is applied to every description stored.
	NormalizeText func(string) string
	// CRLF stores descriptions edited by people with CRLF line ends.
	CRLF bool
	// IgnoreEditScreens makes edits accept fields that are not on the edit
	// screen.
	IgnoreEditScreens bool
	// DropCreateProperties makes creation ignore its properties member, which
	// some Data Center versions may do.
	DropCreateProperties bool
	// NoopBumpsUpdated lets an edit that changes nothing move updated.
	NoopBumpsUpdated bool
	// DescriptionLimit is the longest description; zero means 32,767.
	DescriptionLimit int
	// PasswordLogin lets a Data Center accept Basic authentication.
	PasswordLogin bool

	// Limits are the rate limits.
	Limits Limits
	// Hooks says what happens to webhook deliveries on their way.
	Hooks HookPlan
	// Sender carries webhook deliveries. Nil means that deliveries are only
	// kept for Deliveries to return.
	Sender Sender
}

// Server is the simulated Jira. Create one with New.
type Server struct {
	opts   Options
	routes []route
	pages  *template.Template

	mu        sync.Mutex
	rand      *rand.Rand
	base      *url.URL
	offset    time.Duration
	idleTicks int64
	commit    int64
	unordered bool // updated is not monotone, so that scans may not be cut
	lagging   bool // some revision was indexed later than it was made

	ids         map[string]int64
	users       []*user
	tokens      map[string]*token
	refresh     map[string]*token
	projects    []*project
	types       []*issueType
	statuses    []*status
	priorities  []*priority
	resolutions []*resolution
	fields      []*fieldDef
	issues      map[int64]*issue
	keys        map[string]*issue
	ledger      []*issue
	order       []*revision
	cursors     map[string]*pageCursor
	denied      map[grant]bool
	granted     map[grant]bool
	hidden      map[hide]bool

	buckets    map[string]*bucket
	log        []Request
	hits       map[string]int
	sometimes  map[string]int
	rules      []*rule
	hooks      []*hook
	queue      []*Delivery
	deliveries []*Delivery
	woken      chan struct{}
}

// New returns a simulated Jira with the usual statuses, priorities,
// resolutions and issue types, and no users, projects or issues.
func New(opts Options) *Server {
	if opts.CloudID == "" {
		opts.CloudID = "11111111-2222-4333-8444-555555555555"
	}
	if opts.TokenPath == "" {
		opts.TokenPath = "/oauth/token"
	}
	if opts.AccessTokenLife == 0 {
		opts.AccessTokenLife = time.Hour
	}
	if opts.PageTokenLife == 0 {
		opts.PageTokenLife = time.Hour
	}
	if opts.DescriptionLimit == 0 {
		opts.DescriptionLimit = 32_767
	}
	if opts.Version == "" {
		opts.Version = "10.3.2"
	}
	if opts.BaseURL == "" {
		opts.BaseURL = "https://acme.atlassian.net"
		if opts.Flavor == DataCenter {
			opts.BaseURL = "https://jira.example/jira"
		}
	}
	opts.Limits = opts.Limits.withDefaults()
	s := &Server{
		opts:      opts,
		rand:      rand.New(rand.NewPCG(opts.Seed, 0x6a697261)),
		ids:       map[string]int64{},
		tokens:    map[string]*token{},
		refresh:   map[string]*token{},
		issues:    map[int64]*issue{},
		keys:      map[string]*issue{},
		cursors:   map[string]*pageCursor{},
		denied:    map[grant]bool{},
		granted:   map[grant]bool{},
		hidden:    map[hide]bool{},
		buckets:   map[string]*bucket{},
		hits:      map[string]int{},
		sometimes: map[string]int{},
		woken:     make(chan struct{}, 1),
	}
	s.base = mustURL(opts.BaseURL)
	s.furnish()
	s.routes = s.table()
	if opts.Web {
		s.pages = pageTemplate()
	}
	return s
}

// SetBaseURL changes the address answers carry in their links, for a listener
// whose port is known only after it was opened.
func (s *Server) SetBaseURL(raw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = mustURL(raw)
}

// BaseURL is the address of the site, without a trailing slash.
func (s *Server) BaseURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base.String()
}

func mustURL(raw string) *url.URL {
	u, err := url.Parse(strings.TrimSuffix(raw, "/"))
	if err != nil {
		panic("jirasim: address " + raw + " is not a URL: " + err.Error())
	}
	return u
}

// SetClockOffset makes the server's clock run ahead of Now by d, or behind it
// if d is negative.
func (s *Server) SetClockOffset(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d < s.offset {
		s.unordered = true
	}
	s.offset = d
}

// SetIndexLag changes how much later search sees the changes made from now on.
func (s *Server) SetIndexLag(lag, jitter time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.IndexLag, s.opts.IndexJitter = lag, jitter
}

// Now is the server's clock.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Server) now() time.Time {
	var t time.Time
	if s.opts.Now != nil {
		t = s.opts.Now().UTC()
	} else {
		t = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC).Add(time.Duration(s.idleTicks) * time.Second)
	}
	return t.Add(s.offset).Truncate(time.Millisecond)
}

func (s *Server) cloud() bool { return s.opts.Flavor == Cloud }

// next hands out ids of one kind, starting at 10000 as Jira does.
func (s *Server) next(kind string) int64 {
	n, ok := s.ids[kind]
	if !ok {
		n = 9999
	}
	s.ids[kind] = n + 1
	return n + 1
}

func (s *Server) count(name string) { s.sometimes[name]++ }
