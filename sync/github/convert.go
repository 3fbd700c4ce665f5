package github

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// issue is GitHub's issue as far as it is read. Absent and null members are
// told apart where that matters.
type issue struct {
	NodeID      string          `json:"node_id"`
	Number      int             `json:"number"`
	HTMLURL     string          `json:"html_url"`
	Title       *string         `json:"title"`
	Body        *string         `json:"body"`
	State       string          `json:"state"`
	StateReason *string         `json:"state_reason"`
	Labels      []label         `json:"labels"`
	Assignees   []account       `json:"assignees"`
	User        *account        `json:"user"` // null when the account was deleted
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
	PullRequest json.RawMessage `json:"pull_request"`
}

// label is a label of an issue or a repository. Means is what the mapping says
// it stands for, fixed when the issue was read.
type label struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Means string `json:"means,omitempty"`
}

// account is a GitHub user.
type account struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
}

// native is the issue's state as it is kept in a snapshot: what is needed to
// write back without touching what is not ours.
type native struct {
	Title     string    `json:"title"`
	Body      string    `json:"body"`
	State     string    `json:"state"`
	Reason    string    `json:"reason,omitempty"`
	Labels    []label   `json:"labels,omitempty"`
	Assignees []account `json:"assignees,omitempty"`
}

// complete refuses an issue that lacks what every issue has: garbage must not
// become empty values (T6, D-8).
func (i issue) complete() error {
	switch {
	case i.Number <= 0:
		return fmt.Errorf("it has no number")
	case i.NodeID == "":
		return fmt.Errorf("issue %d has no id", i.Number)
	case i.Title == nil:
		return fmt.Errorf("issue %d has no title", i.Number)
	case i.State != "open" && i.State != "closed":
		return fmt.Errorf("issue %d has the state %q", i.Number, clip(i.State, 20))
	case i.UpdatedAt.IsZero():
		return fmt.Errorf("issue %d has no time of change", i.Number)
	}
	return nil
}

// pull reports whether the row is a pull request, which shares lists and
// numbers with issues (T44).
func (i issue) pull() bool { return len(i.PullRequest) > 0 && string(i.PullRequest) != "null" }

// text reads an optional string.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// snapshot reads an issue into the domain's terms.
func (t *Tracker) snapshot(i issue, place string, at, server time.Time) domain.Snapshot {
	n := native{Title: text(i.Title), Body: text(i.Body), State: i.State, Reason: text(i.StateReason)}
	for _, l := range i.Labels {
		l.Means = t.means(l)
		n.Labels = append(n.Labels, l)
	}
	for _, a := range i.Assignees {
		if a.ID != 0 && a.Login != "" {
			n.Assignees = append(n.Assignees, a)
		}
	}
	author := ""
	if i.User != nil {
		author = strconv.FormatInt(i.User.ID, 10)
	}
	return t.build(n, domain.Snapshot{
		Author:   author,
		Ref:      domain.RemoteRef{ID: i.NodeID, Key: t.key(i.Number), Number: i.Number, URL: i.HTMLURL, Place: place},
		Revision: i.UpdatedAt.UTC(), CreatedAt: i.CreatedAt.UTC(), ReadAt: at, ServerTime: server,
	})
}

// For reads a snapshot with the eyes of one measure: of several blocks in the
// text, the measure's own counts (A5). A list does not know whose issue it
// shows; the engine does, before it merges.
func (t *Tracker) For(s domain.Snapshot, measureID string) domain.Snapshot {
	n := nativeOf(s)
	if n.State == "" || s.MeasureID == measureID {
		return s // not ours to read, or read that way already
	}
	s.MeasureID = measureID
	return t.build(n, s)
}

// build fills in everything that follows from the native state. The measure
// the snapshot names, if any, says which block counts.
func (t *Tracker) build(n native, s domain.Snapshot) domain.Snapshot {
	s.Native, _ = json.Marshal(n) // strings and numbers always encode
	s.Labels = nil
	for _, l := range n.Labels {
		s.Labels = append(s.Labels, l.Name)
	}
	d := parse(n.Body, s.MeasureID)
	s.MeasureID, s.Nonce = "", ""
	if d.block != nil {
		s.MeasureID, s.Nonce = d.block.id, d.block.nonce
	}
	s.Fields = t.read(n, d)
	s.Hash = t.hash(n)
	return s
}

// hash is over everything that is read and what the mapping makes of it; order
// says nothing.
func (t *Tracker) hash(n native) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %q %q %q\n", n.Title, n.Body, n.State, n.Reason)
	var parts []string
	for _, l := range n.Labels {
		parts = append(parts, fmt.Sprintf("l %d %q %s", l.ID, l.Name, l.Means))
	}
	for _, a := range n.Assignees {
		parts = append(parts, fmt.Sprintf("a %d %q %s", a.ID, a.Login, t.person(a)))
	}
	slices.Sort(parts)
	_, _ = fmt.Fprint(h, strings.Join(parts, "\n"))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// nativeOf reads the kept state of a snapshot; a foreign one is empty.
func nativeOf(s domain.Snapshot) native {
	var n native
	if json.Unmarshal(s.Native, &n) != nil {
		return native{}
	}
	return n
}

// key is what people say: acme/platform#118.
func (t *Tracker) key(number int) string {
	return t.cfg.Tracker.Repository + "#" + strconv.Itoa(number)
}

func fold(s string) string { return strings.ToLower(s) }

// progress is the meaning of the label for work in progress; a priority's
// label means the priority.
const progress = "in_progress"

// means says what a label stands for. A configured label is remembered by its
// id, so that renaming it does not take the priority off every issue (T47).
func (t *Tracker) means(l label) string {
	name := fold(l.Name)
	meaning := ""
	if name == fold(t.progressLabel) {
		meaning = progress
	}
	for p, configured := range t.priorityLabels {
		if name == fold(configured) {
			meaning = string(p)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if meaning != "" && l.ID != 0 {
		t.labelIDs[l.ID] = meaning
	}
	if meaning == "" {
		meaning = t.labelIDs[l.ID]
	}
	return meaning
}
