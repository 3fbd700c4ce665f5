package domain

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// ViewPage is a page whose filters can be kept under a name.
type ViewPage string

// The pages that have filters.
const (
	ViewDashboard  ViewPage = "dashboard"
	ViewMeasures   ViewPage = "measures"
	ViewIncidents  ViewPage = "incidents"
	ViewStatistics ViewPage = "statistics"
)

// ViewPages lists the pages that have filters.
func ViewPages() []ViewPage {
	return []ViewPage{ViewDashboard, ViewMeasures, ViewIncidents, ViewStatistics}
}

// ViewShare says who sees a saved view beside its owner.
type ViewShare string

// Nobody else, one team, or everybody.
const (
	ShareNone         ViewShare = "none"
	ShareTeam         ViewShare = "team"
	ShareOrganisation ViewShare = "organisation"
)

// ViewShares lists whom a view can be shared with.
func ViewShares() []ViewShare { return []ViewShare{ShareNone, ShareTeam, ShareOrganisation} }

// SavedView is the filters of a page under a name.
type SavedView struct {
	ID   string
	Name string
	Page ViewPage
	// Query is the part of the address behind the question mark, in the order of the names.
	Query string
	// Owner is the actor who made it.
	Owner string
	Share ViewShare
	// Team is the one it is shared with; empty unless Share is team.
	Team                 TeamID
	CreatedAt, UpdatedAt time.Time
	Version              int64
}

// The limits of saved views.
const (
	MaxViewName  = 80
	MaxViewQuery = 2000
	// MaxViews is how many one owner may keep.
	MaxViews = 100
)

// Normal brings a view into its stored form: what continues a list or tells of
// a change just made is no filter.
func (v SavedView) Normal() SavedView {
	v.Name = NormalTitle(v.Name)
	if v.Share == "" {
		v.Share = ShareNone
	}
	if v.Share != ShareTeam {
		v.Team = ""
	}
	if q, err := url.ParseQuery(strings.TrimPrefix(v.Query, "?")); err == nil && len(v.Query) <= MaxViewQuery {
		for name, values := range q {
			if name == "cursor" || name == "done" || !slices.ContainsFunc(values, func(s string) bool { return s != "" }) {
				delete(q, name)
			}
		}
		v.Query = q.Encode()
	}
	return v
}

// Check refuses a view that cannot be kept.
func (v SavedView) Check() error {
	var bad problems
	if v.Name == "" {
		bad.add("name", "is empty; give the view a name")
	}
	if len([]rune(v.Name)) > MaxViewName {
		bad.add("name", "is longer than %d characters", MaxViewName)
	}
	if !slices.Contains(ViewPages(), v.Page) {
		bad.add("page", "%q is not accepted; use dashboard, measures, incidents or statistics", v.Page)
	}
	if !slices.Contains(ViewShares(), v.Share) {
		bad.add("share", "%q is not accepted; use none, team or organisation", v.Share)
	}
	if v.Share == ShareTeam && v.Team == "" {
		bad.add("team", "is empty; name the team the view is shared with")
	}
	if _, err := url.ParseQuery(v.Query); err != nil || len(v.Query) > MaxViewQuery {
		bad.add("query", "is not the part of an address behind its question mark, of at most %d characters", MaxViewQuery)
	}
	return bad.err()
}

// VisibleTo reports whether an actor sees the view.
func (v SavedView) VisibleTo(a Actor) bool {
	return v.Owner == a.ID || v.Share == ShareOrganisation || v.Share == ShareTeam && a.Scope.Allows(v.Team)
}

// MayChange reports whether an actor may change or remove the view: its owner,
// and who manages everything where it is shared.
func (v SavedView) MayChange(a Actor) bool {
	return v.Owner == a.ID || v.Share != ShareNone && a.Role.May(CanManage)
}
