package domain

import "time"

// LinkID names a link; it is random.
type LinkID string

// LinkState says how a link is doing.
type LinkState string

// The link states (product.md).
const (
	LinkCreating    LinkState = "creating"
	LinkSynced      LinkState = "synced"
	LinkPending     LinkState = "pending"
	LinkConflict    LinkState = "conflict"
	LinkBlocked     LinkState = "blocked"
	LinkPaused      LinkState = "paused"
	LinkGoneSuspect LinkState = "gone_suspect"
	LinkTombstone   LinkState = "tombstone"
	LinkMovedOut    LinkState = "moved_out"
	LinkOscillating LinkState = "oscillating"
	LinkDetached    LinkState = "detached"
)

// LinkStates lists every link state.
func LinkStates() []LinkState {
	return []LinkState{LinkCreating, LinkSynced, LinkPending, LinkConflict, LinkBlocked, LinkPaused, LinkGoneSuspect, LinkTombstone, LinkMovedOut, LinkOscillating, LinkDetached}
}

// Live reports whether the link is still synchronised.
func (s LinkState) Live() bool {
	switch s {
	case LinkCreating, LinkSynced, LinkPending, LinkConflict, LinkBlocked, LinkGoneSuspect:
		return true
	case LinkPaused, LinkTombstone, LinkMovedOut, LinkOscillating, LinkDetached:
		return false
	}
	return false
}

// Link ties one measure to one tracker issue.
type Link struct {
	ID      LinkID
	Measure MeasureKey
	Tracker TrackerID
	// Remote is zero until the issue is known.
	Remote RemoteRef
	State  LinkState
	Reason string

	// PushedVersion is the measure version whose values are all in the tracker
	// or deliberately not; pending means measure.version > PushedVersion.
	PushedVersion int64
	Base          map[Field]BaseValue
	FieldStates   map[Field]FieldIssue
	// Snapshot is the last read state of the issue; nil before the first one.
	Snapshot *Snapshot
	Create   *CreateOp
	// Gone counts negative by-id reads; GoneSince is the time of the first.
	Gone      int
	GoneSince time.Time
	// Writes holds the times of recent outbound writes for the loop breaker.
	Writes []WriteMark

	LastError   string
	LastErrorAt time.Time
	NextAttempt time.Time
	SyncedAt    time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Version     int64
}

// LinkStateChange is the history row of a link that is stopped or resumed.
func LinkStateChange(l Link, to LinkState, reason string) FieldChange {
	return FieldChange{Kind: ChangeConfig, Field: "link_state", From: l.stateText(l.State, l.Reason), To: l.stateText(to, reason)}
}

func (l Link) stateText(state LinkState, reason string) string {
	text := string(l.Tracker)
	if l.Remote.Key != "" {
		text += " " + l.Remote.Key
	}
	text += ": " + string(state)
	if reason != "" {
		text += " (" + reason + ")"
	}
	return text
}

// Creating reports whether the issue of the link is still to be made or found.
func (l Link) Creating() bool { return l.Create != nil && l.Create.State != CreateDone }

// BaseValue is the last value both sides agreed on, in both forms.
type BaseValue struct {
	Value    string
	Raw      string
	Revision time.Time
}

// FieldIssue is the state of a field that is not ok.
type FieldIssue struct {
	State   FieldState
	Code    string
	Problem string
	// Value is the domain value the problem was met with; a new value is tried again.
	Value string
	// Theirs and TheirsRaw are the remote side of an open conflict: once it is
	// decided they become the base, so that the decision is pushed.
	Theirs    string
	TheirsRaw string
	At        time.Time
}

// WriteMark is one outbound write, for the loop breaker (T89).
type WriteMark struct {
	At time.Time
	// Hash is over the written values, to recognise A-B-A-B.
	Hash string
	// Version is the measure version that was pushed.
	Version int64
	// Believed holds, per field, the value the plan saw in the tracker: an event
	// that says otherwise reveals an edit we overwrote unseen. Fields that were not
	// written are among them, because a text carries several.
	Believed map[Field]string
	// Wrote holds, per written field, the value the tracker had afterwards: a
	// later write that finds another one is contested.
	Wrote map[Field]string
	// Revision is the tracker's time of the write; zero where its answer does not say.
	Revision time.Time
}

// CreateState is where a create stands.
type CreateState string

// The states of a create (sync.md section C).
const (
	CreateQueued    CreateState = "queued"
	CreateInflight  CreateState = "inflight"
	CreateUncertain CreateState = "uncertain"
	// CreateDone is kept only for a create that was sent more than once: a late
	// second issue with its nonce is then known for our own.
	CreateDone CreateState = "done"
)

// CreateOp is the persisted intent to create an issue. The nonce is stored
// before the request and travels inside it.
type CreateOp struct {
	Nonce string
	State CreateState
	// ServerTime is the tracker's time before the request; HighestNumber the newest issue then.
	ServerTime    time.Time
	HighestNumber int
	SentAt        time.Time
	Probes        int
	NextProbe     time.Time
	// Sent holds the values of every request sent so far: whichever of them made
	// the issue, its values are our own and not somebody's edit.
	Sent []map[Field]string
}

// Conflict is one field that both sides changed since the base.
type Conflict struct {
	ID      int64
	Link    LinkID
	Measure MeasureKey
	Tracker TrackerID
	Field   Field
	Base    string
	Ours    string
	Theirs  string
	// OursBy and TheirsBy are the actors, when known; the times are each side's own.
	OursBy   string
	OursAt   time.Time
	TheirsBy string
	TheirsAt time.Time
	// Resolution is how it was decided; empty while a person is asked.
	Resolution Resolution
	// Winner is the value both sides ended with; the other one can be put back.
	Winner     string
	OpenedAt   time.Time
	ResolvedAt time.Time
	ResolvedBy string
	Version    int64
}

// Open reports whether the conflict waits for a person.
func (c Conflict) Open() bool { return c.ResolvedAt.IsZero() }

// Choice is a person's decision of a conflict.
type Choice string

// The choices.
const (
	ChooseOurs   Choice = "ours"
	ChooseTheirs Choice = "theirs"
	ChooseValue  Choice = "value"
)

// Choices lists every choice.
func Choices() []Choice { return []Choice{ChooseOurs, ChooseTheirs, ChooseValue} }
