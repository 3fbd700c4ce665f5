package simulation

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/store"
	"github.com/followthrough/followthrough/sync/trackertest/jirasim"
)

// start is the virtual time at which every world begins.
var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// template is a migrated database with people, an incident and three trackers;
// every world works on a copy of it.
var template struct {
	data   []byte
	folder string
}

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // worlds are short-lived and small
	code, err := withTemplate(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// withTemplate makes the template in memory-backed storage where there is one:
// thousands of worlds would otherwise wait for a disk that proves nothing here.
func withTemplate(run func() int) (code int, err error) {
	base := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		base = "/dev/shm"
	}
	if template.folder, err = os.MkdirTemp(base, "followthrough-simulation-"); err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(template.folder) }()
	if template.data, err = makeTemplate(context.Background(), filepath.Join(template.folder, "template.db")); err != nil {
		return 1, err
	}
	return run(), nil
}

func storeOptions(file string, now func() time.Time) store.Options {
	return store.Options{URL: "sqlite://" + file, SecretKey: []byte(strings.Repeat("k", 32)), Now: now, App: "simulation", CacheBytes: 1 << 20}
}

func makeTemplate(ctx context.Context, file string) ([]byte, error) {
	now := func() time.Time { return start.Add(-time.Hour) }
	db, err := store.Open(ctx, storeOptions(file, now))
	if err != nil {
		return nil, err
	}
	if _, err := db.Migrate(ctx); err != nil {
		return nil, err
	}
	if err := fill(ctx, app.New(app.Options{Store: db, Now: now, Hosts: hosts}), newSites(1, now)); err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// The people of every world; cleo has accounts but nobody here knows her.
const (
	ana = domain.PersonID("p_ana")
	ben = domain.PersonID("p_ben")
)

func actor(id domain.PersonID) domain.Actor {
	return domain.Actor{ID: string(id), Role: domain.Admin, Scope: domain.Everything(), Source: domain.FromUser}
}

func fill(ctx context.Context, a *app.App, s *sites) error {
	boss := actor(ana)
	if _, err := a.People.CreateTeam(ctx, boss, domain.Team{ID: "t_ops", Name: "Operations"}); err != nil {
		return err
	}
	for id, name := range map[domain.PersonID]string{ana: "Ana", ben: "Ben"} {
		if _, err := a.People.Create(ctx, boss, domain.Person{ID: id, Name: name, Email: string(id) + "@example.com", Role: domain.Admin}); err != nil {
			return err
		}
	}
	_, err := a.Incidents.Create(ctx, boss, domain.IncidentEdit{Title: domain.Some("Replica lag went unnoticed"), Severity: domain.Some(domain.Severities()[0]),
		Team: domain.Some(domain.TeamID("t_ops")), StartedAt: domain.Some(start.Add(-48 * time.Hour)), DetectedAt: domain.Some(start.Add(-47 * time.Hour))})
	if err != nil {
		return err
	}
	for _, p := range s.places() {
		c := p.configured()
		if _, err := a.Trackers.Create(ctx, boss, c.tracker, c.secrets); err != nil {
			return fmt.Errorf("%s: %w", c.tracker.ID, err)
		}
		for _, i := range c.identities {
			if err := a.People.SetIdentity(ctx, boss, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// workflow has a step from everywhere to everywhere, and a status that means cancelled.
func workflow(cancelled string) jirasim.Workflow {
	return jirasim.Workflow{Initial: "10000", Steps: []jirasim.Step{
		{ID: "11", Name: "To Do", To: "10000"},
		{ID: "21", Name: "In Progress", To: "3"},
		{ID: "31", Name: "Done", To: "10001", Sets: "Done"},
		{ID: "41", Name: "Cancel", To: cancelled, Sets: "Won't Do"},
	}}
}
