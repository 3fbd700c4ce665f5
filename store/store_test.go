package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/followthrough/followthrough/domain"
)

// testNow is the clock of the tests; it stands still.
var testNow = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

func testOptions(t testing.TB, url string) Options {
	t.Helper()
	return Options{URL: url, DataDir: t.TempDir(), SecretKey: []byte(strings.Repeat("k", 32)), Now: func() time.Time { return testNow }, App: "test"}
}

// eachEngine runs a case on SQLite and, where FOLLOWTHROUGH_TEST_POSTGRES
// names a server, on a PostgreSQL database of its own.
func eachEngine(t *testing.T, f func(t *testing.T, db *DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, openSQLiteForTest(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, openPostgresForTest(t)) })
}

func openSQLiteForTest(t testing.TB) *DB {
	t.Helper()
	return openForTest(t, testOptions(t, "sqlite://test.db"))
}

// createPostgres creates a database for one test and returns its address.
func createPostgres(t testing.TB, options string) string {
	t.Helper()
	server := os.Getenv("FOLLOWTHROUGH_TEST_POSTGRES")
	if server == "" {
		if os.Getenv("FOLLOWTHROUGH_REQUIRE_POSTGRES") == "1" {
			t.Fatal("FOLLOWTHROUGH_TEST_POSTGRES is not set; start the tests with scripts/with-postgres.sh")
		}
		t.Skip("FOLLOWTHROUGH_TEST_POSTGRES is not set; scripts/with-postgres.sh provides a server")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	name := "t_" + strings.ToLower(rand.Text())
	if err := onPostgres(server, "CREATE DATABASE "+name+options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := onPostgres(server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

func onPostgres(server, statement string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// The migrated database that the databases of tests are copied from: that is
// faster than migrating each.
var template struct {
	once sync.Once
	name string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if template.name != "" {
		if err := onPostgres(os.Getenv("FOLLOWTHROUGH_TEST_POSTGRES"), "DROP DATABASE "+template.name+" WITH (FORCE)"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func makeTemplate(server string) error {
	u, err := url.Parse(server)
	if err != nil {
		return err
	}
	name := "t_template_" + strings.ToLower(rand.Text())
	if err := onPostgres(server, "CREATE DATABASE "+name); err != nil {
		return err
	}
	template.name, u.Path = name, "/"+name
	ctx := context.Background()
	db, err := Open(ctx, Options{URL: u.String()})
	if err != nil {
		return err
	}
	_, err = db.Migrate(ctx)
	return errors.Join(err, db.Close())
}

func openPostgresForTest(t testing.TB) *DB {
	t.Helper()
	if server := os.Getenv("FOLLOWTHROUGH_TEST_POSTGRES"); server != "" {
		template.once.Do(func() { template.err = makeTemplate(server) })
		if template.err != nil {
			t.Fatal(template.err)
		}
	}
	return openForTest(t, testOptions(t, createPostgres(t, " TEMPLATE "+template.name)))
}

func openForTest(t testing.TB, opt Options) *DB {
	t.Helper()
	db, err := Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// must unwraps a result of a step the case needs and does not examine.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ana() domain.Attribution {
	return domain.Attribution{Source: domain.FromUser, Actor: "p_ana", Reason: "because"}
}

// addTeam stores a team and a member.
func addTeam(t testing.TB, db *DB, team domain.TeamID, person domain.PersonID) {
	t.Helper()
	must[domain.Team](t)(db.CreateTeam(t.Context(), ana(), domain.Team{ID: team, Name: string(team), CreatedAt: testNow, UpdatedAt: testNow}))
	must[domain.Person](t)(db.CreatePerson(t.Context(), ana(), domain.Person{ID: person, Name: string(person), Role: domain.Member,
		Teams: []domain.TeamID{team}, CreatedAt: testNow, UpdatedAt: testNow}))
}

// addIncident stores an incident; edit may be nil.
func addIncident(t testing.TB, db *DB, edit func(*domain.Incident)) domain.Incident {
	t.Helper()
	return must[domain.Incident](t)(db.CreateIncident(t.Context(), domain.Everything(), ana(), func(key domain.IncidentKey) (domain.Incident, error) {
		i := domain.Incident{ID: rand.Text(), Key: key, Title: "Incident " + string(key), Status: domain.IncidentNew, CreatedAt: testNow, UpdatedAt: testNow}
		if edit != nil {
			edit(&i)
		}
		return i, nil
	}))
}

// addMeasure stores a measure; edit may be nil.
func addMeasure(t testing.TB, db *DB, edit func(*domain.Measure)) domain.Measure {
	t.Helper()
	return must[domain.Measure](t)(db.CreateMeasure(t.Context(), domain.Everything(), ana(), newMeasure(edit)))
}

func newMeasure(edit func(*domain.Measure)) func(domain.MeasureKey) (domain.Measure, error) {
	return func(key domain.MeasureKey) (domain.Measure, error) {
		m := domain.Measure{ID: rand.Text(), Key: key, Title: "Measure " + string(key), Status: domain.Proposed,
			CreatedAt: testNow, UpdatedAt: testNow, PolicyVersion: 1}
		if edit != nil {
			edit(&m)
		}
		return m, nil
	}
}

// retitle changes a measure's title.
func retitle(title string) func(*domain.Measure) error {
	return func(m *domain.Measure) error {
		m.Title = title
		return nil
	}
}

// count reads one number.
func count(t testing.TB, db *DB, query string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := db.reads.Raw(query, args...).Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

// full returns a value with every field set, each to something different, so
// that a round trip shows every column that is missing. Texts that refer to
// other rows are for the caller to put right.
func full[T any]() T {
	var v T
	n := 0
	fill(reflect.ValueOf(&v).Elem(), &n)
	return v
}

func fill(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(testNow.Add(time.Duration(*n) * 1001 * time.Microsecond)))
		return
	case domain.Date:
		v.Set(reflect.ValueOf(domain.MustDate("2026-01-01").AddDays(*n)))
		return
	case json.RawMessage:
		v.SetBytes([]byte(fmt.Sprintf(`{"n":%d}`, *n)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d ü", *n))
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(*n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n)
		fill(value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, n)
		}
	default:
		panic("no way to fill a " + v.Type().String())
	}
}

// same compares what was stored with what is read.
func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// refused checks the kind of an error and that it speaks to people.
func refused(t testing.TB, what string, err error, kind domain.Kind) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Message == "" {
		t.Errorf("%s: got %v, want a sentence of kind %q", what, err, kind)
	}
}

// changesOf reads the whole history of a subject.
func changesOf(t testing.TB, db *DB, subject domain.Subject, key string) []domain.Change {
	t.Helper()
	return must[domain.List[domain.Change]](t)(db.History(t.Context(), domain.Everything(), subject, key, domain.Page{Limit: 200})).Items
}
