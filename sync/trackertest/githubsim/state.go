package githubsim

import (
	"crypto/rsa"
	"slices"
	"sort"
	"strings"
	"time"
)

// Role is what a user may do in a repository.
type Role int

// The roles, weakest first. Write and above is what GitHub calls push access.
const (
	RoleNone Role = iota
	RoleRead
	RoleTriage
	RoleWrite
	RoleAdmin
)

type user struct {
	id      int64
	login   string
	kind    string // User, Organization or Bot
	since   time.Time
	blocked bool // suspended: cannot be assigned
	gone    bool // deleted: shown as null
}

type repo struct {
	id         int64
	owner      *user
	name       string
	private    bool
	archived   bool
	hasIssues  bool
	deleted    bool
	created    time.Time
	updated    time.Time
	next       int
	numbers    map[int]*issue
	byUpdated  []*issue // live issues by (updated_at, id)
	byCreated  []*issue // live issues by (created_at, id)
	all        []*issue // every issue ever, for views of the past
	labels     map[string]*label
	milestones []*milestone
	roles      map[int64]Role
	open       int
}

func (r *repo) full() string { return r.owner.login + "/" + r.name }

type label struct {
	id          int64
	name        string
	color       string
	description *string
	deleted     bool
}

type milestone struct {
	id      int64
	number  int
	title   string
	state   string
	creator *user
	at      time.Time
	due     *time.Time
}

type comment struct {
	id      int64
	author  *user
	body    string
	created time.Time
	updated time.Time
	app     *app
}

// issue is the identity; everything that changes is in its revisions.
type issue struct {
	id       int64
	number   int
	repo     *repo
	author   *user
	app      *app // set if the author acted through an app
	created  time.Time
	pull     bool
	revs     []*revision
	comments []*comment
	events   []*event
}

// revision is one immutable state of an issue.
type revision struct {
	issue      *issue
	commit     int64
	at         time.Time
	by         *user
	title      string
	body       *string
	state      string
	reason     *string
	labels     []*label
	assignees  []*user
	milestone  *milestone
	locked     bool
	lockReason *string
	ncomments  int
	updated    time.Time
	closed     *time.Time
	closedBy   *user
	fields     []fieldValue
	deleted    bool
	movedTo    *issue

	json  []byte // rendered form, valid while epoch is the server's
	epoch int64
}

type event struct {
	id        int64
	actor     *user
	kind      string
	at        time.Time
	label     *label
	assignee  *user
	milestone *milestone
	from, to  string
	reason    *string
	app       *app
}

type app struct {
	id    int64
	slug  string
	owner *user
	bot   *user
	key   *rsa.PublicKey
	at    time.Time
}

type installation struct {
	id        int64
	app       *app
	account   *user
	repos     map[int64]bool // nil means all of the account
	issues    string         // none, read or write
	hooks     bool
	suspended bool
	at        time.Time
}

type token struct {
	value    string
	user     *user
	install  *installation
	expires  time.Time
	readOnly bool
	repos    map[int64]bool // nil means every repository of the user
}

func (i *issue) cur() *revision { return i.revs[len(i.revs)-1] }

// at returns the revision that was current after the numbered commit, or nil
// if the issue did not exist then.
func (i *issue) at(commit int64) *revision {
	n := sort.Search(len(i.revs), func(k int) bool { return i.revs[k].commit > commit })
	if n == 0 {
		return nil
	}
	return i.revs[n-1]
}

func (v *revision) live() bool { return !v.deleted && v.movedTo == nil }

// order compares by GitHub's updated order: whole seconds, then id.
func order(a, b *revision) int {
	if d := a.updated.Unix() - b.updated.Unix(); d != 0 {
		return int(d)
	}
	return int(a.issue.id - b.issue.id)
}

func byCreated(a, b *issue) int {
	if d := a.created.Unix() - b.created.Unix(); d != 0 {
		return int(d)
	}
	return int(a.id - b.id)
}

// record appends the next revision of an issue and keeps the indexes sorted.
func (s *Server) record(i *issue, next *revision) {
	r := i.repo
	if len(i.revs) > 0 {
		old := i.cur()
		if old.live() {
			r.byUpdated = remove(r.byUpdated, i, func(x *issue) int { return order(x.cur(), old) })
			if !next.live() {
				r.byCreated = remove(r.byCreated, i, func(x *issue) int { return byCreated(x, i) })
			}
			if old.state == "open" {
				r.open--
			}
		}
	} else {
		r.all = append(r.all, i)
		r.numbers[i.number] = i
		r.byCreated = insert(r.byCreated, i, func(x *issue) int { return byCreated(x, i) })
		s.ledger = append(s.ledger, i)
	}
	next.issue = i
	next.commit = s.tick()
	next.at = s.now()
	if next.live() {
		r.byUpdated = insert(r.byUpdated, i, func(x *issue) int { return order(x.cur(), next) })
		if next.state == "open" {
			r.open++
		}
	}
	i.revs = append(i.revs, next)
}

// next copies the current revision of an issue for a change by someone now.
func (s *Server) next(i *issue, by *user) *revision {
	v := *i.cur()
	v.by, v.updated, v.json = by, s.now(), nil
	v.labels, v.assignees, v.fields = slices.Clone(v.labels), slices.Clone(v.assignees), slices.Clone(v.fields)
	return &v
}

func insert(list []*issue, i *issue, cmp func(*issue) int) []*issue {
	at, _ := slices.BinarySearchFunc(list, i, func(x, _ *issue) int { return cmp(x) })
	return slices.Insert(list, at, i)
}

func remove(list []*issue, i *issue, cmp func(*issue) int) []*issue {
	at, ok := slices.BinarySearchFunc(list, i, func(x, _ *issue) int { return cmp(x) })
	if !ok || list[at] != i {
		panic("githubsim: an index lost issue " + i.repo.full())
	}
	return slices.Delete(list, at, at+1)
}

func fold(s string) string { return strings.ToLower(s) }
