package evidence

import "time"

// Signed is a checkpoint as it is kept: its text and when it was signed.
type Signed struct {
	Origin string
	Size   int64
	Note   string
	At     time.Time
}

// The kinds of witnesses.
const (
	WitnessTracker = "tracker"
	WitnessMail    = "mail"
	WitnessPack    = "pack"
)

// Witnessed says that somebody outside was shown a checkpoint, so that the log
// cannot lose or rewrite what lies before it without being found out.
type Witnessed struct {
	Origin    string
	Size      int64
	Kind      string
	Place     string // the issue, the recipients or the file
	Reference string // where it can be looked up
	At        time.Time
}
