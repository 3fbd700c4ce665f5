package web

import (
	"context"
	"sync"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// How long names are kept. People carry roles, so they are kept for a moment
// only; a change made through the pages empties everything at once.
const (
	keepPeople = time.Second
	keepNames  = 30 * time.Second
)

// directory remembers who and what there is, because every page needs the
// names and hardly any page changes them.
type directory struct {
	app *app.App
	now func() time.Time

	mu       sync.Mutex
	people   map[domain.PersonID]domain.Person
	teams    []domain.Team
	trackers []domain.Tracker
	peopleAt time.Time
	teamsAt  time.Time
	tracksAt time.Time
}

func (d *directory) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.peopleAt, d.teamsAt, d.tracksAt = time.Time{}, time.Time{}, time.Time{}
}

// peopleByID returns everybody. The map is shared and must not be changed.
func (d *directory) peopleByID(ctx context.Context) (map[domain.PersonID]domain.Person, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now().Sub(d.peopleAt) < keepPeople {
		return d.people, nil
	}
	list, err := d.app.People.List(ctx, domain.System())
	if err != nil {
		return nil, err
	}
	d.people = make(map[domain.PersonID]domain.Person, len(list))
	for _, person := range list {
		d.people[person.ID] = person
	}
	d.peopleAt = d.now()
	return d.people, nil
}

// teamsFor returns the teams in an actor's sight.
func (d *directory) teamsFor(ctx context.Context, by domain.Actor) ([]domain.Team, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now().Sub(d.teamsAt) >= keepNames {
		list, err := d.app.People.Teams(ctx, domain.System())
		if err != nil {
			return nil, err
		}
		d.teams, d.teamsAt = list, d.now()
	}
	var out []domain.Team
	for _, t := range d.teams {
		if by.Scope.Allows(t.ID) {
			out = append(out, t)
		}
	}
	return out, nil
}

// trackersFor returns the trackers in an actor's sight.
func (d *directory) trackersFor(ctx context.Context, by domain.Actor) ([]domain.Tracker, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	// A page that has just read the teams again does with the trackers it knows.
	justRead := !d.tracksAt.IsZero() && d.now().Sub(d.teamsAt) < keepPeople
	if d.now().Sub(d.tracksAt) >= keepNames && !justRead {
		list, err := d.app.Trackers.List(ctx, domain.System())
		if err != nil {
			return nil, err
		}
		d.trackers, d.tracksAt = list, d.now()
	}
	var out []domain.Tracker
	for _, t := range d.trackers {
		if by.Scope.Allows(t.Team) {
			out = append(out, t)
		}
	}
	return out, nil
}
