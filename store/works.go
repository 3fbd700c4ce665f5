package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// WorkState is one key of the work schedule as people see it. The lease of the
// Work is empty while nobody holds the key.
type WorkState struct {
	domain.Work
	Key string
	// Wanted is above Done while there is something to do.
	Wanted     int64
	Done       int64
	RunAt      time.Time
	LeaseUntil time.Time
	LastError  string
	Dead       bool
}

// Pending reports whether there is something to do.
func (w WorkState) Pending() bool { return w.Wanted > w.Done }

// WorkFilter selects works; empty members do not filter.
type WorkFilter struct {
	Kind    string
	Prefix  string // of the key
	Pending bool
	Dead    bool
	Limit   int
}

type workRow struct {
	Key        string `gorm:"primaryKey"`
	Kind       string
	Args       string
	Wanted     int64
	Done       int64
	Claimed    int64
	RunAt      int64
	LeaseUntil int64
	Owner      string
	Token      int64
	Attempt    int64
	LastError  string
	Dead       bool
}

// TableName implements schema.Tabler.
func (workRow) TableName() string { return "works" }

func (r workRow) work() domain.Work {
	w := domain.Work{Kind: r.Kind, Args: r.Args, Attempt: int(r.Attempt)}
	if r.Owner != "" {
		w.Lease = domain.Lease{Key: r.Key, Owner: r.Owner, Token: r.Token}
	}
	return w
}

func (r workRow) state() WorkState {
	return WorkState{Work: r.work(), Key: r.Key, Wanted: r.Wanted, Done: r.Done, RunAt: instant(r.RunAt).time(),
		LeaseUntil: instant(r.LeaseUntil).time(), LastError: r.LastError, Dead: r.Dead}
}

const workColumns = "key, kind, args, wanted, done, claimed, run_at, lease_until, owner, token, attempt, last_error, dead"

// dbNow is the SQL of "now" for leases. Replicas share PostgreSQL's clock; an
// embedded database has one process and takes the time it is given.
func (db *DB) dbNow(now time.Time) (string, []any) {
	if db.onPostgres() {
		return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)", nil
	}
	return "?", []any{int64(newInstant(now))}
}

// enqueue raises wanted for each key in the caller's transaction. Keys are
// taken in order, so that two operations never wait for each other.
func (tx *txn) enqueue(kind string, args map[string]string) error {
	if len(args) == 0 {
		return nil
	}
	now, nowArgs := tx.db.dbNow(tx.now)
	for _, key := range slices.Sorted(maps.Keys(args)) {
		query := "INSERT INTO works (" + workColumns + ") VALUES (?, ?, ?, 1, 0, 0, " + now + ", 0, '', 0, 0, '', FALSE) " +
			"ON CONFLICT (key) DO UPDATE SET wanted = works.wanted + 1, " +
			"run_at = CASE WHEN works.wanted > works.done AND works.run_at < excluded.run_at THEN works.run_at ELSE excluded.run_at END, " +
			"attempt = CASE WHEN works.dead THEN 0 ELSE works.attempt END, dead = FALSE"
		if err := tx.Exec(query, append([]any{key, kind, args[key]}, nowArgs...)...).Error; err != nil {
			return err
		}
	}
	return tx.notify()
}

// notify wakes the workers after the commit.
func (tx *txn) notify() error {
	tx.woken = true
	if !tx.db.onPostgres() {
		return nil
	}
	return tx.Exec("SELECT pg_notify(?, '')", wakeChannel).Error
}

// Enqueue raises wanted for one key, now.
func (db *DB) Enqueue(ctx context.Context, key, kind, args string) error {
	return db.write(ctx, func(tx *txn) error { return tx.enqueue(kind, map[string]string{key: args}) })
}

// ScheduleAt makes sure that the key is worked on at the given time or before.
// A run that is on its way has begun already and does not count: the key is
// worked on once more after it.
func (db *DB) ScheduleAt(ctx context.Context, key, kind string, at time.Time) error {
	const waiting = "works.wanted > works.done AND (works.owner = '' OR works.wanted > works.claimed)"
	return db.write(ctx, func(tx *txn) error {
		err := tx.Exec("INSERT INTO works ("+workColumns+") VALUES (?, ?, '', 1, 0, 0, ?, 0, '', 0, 0, '', FALSE) "+
			"ON CONFLICT (key) DO UPDATE SET wanted = CASE WHEN "+waiting+" THEN works.wanted ELSE works.wanted + 1 END, "+
			"run_at = CASE WHEN "+waiting+" AND works.run_at < excluded.run_at THEN works.run_at ELSE excluded.run_at END",
			key, kind, int64(newInstant(at))).Error
		if err != nil {
			return err
		}
		return tx.notify()
	})
}

// ClaimWork takes up to n due keys of the kinds for the owner. A key is held
// by one owner at a time; a lease that ran out is taken over with a higher token.
func (db *DB) ClaimWork(ctx context.Context, owner string, kinds []string, n int, lease time.Duration, now time.Time) ([]domain.Work, error) {
	var rows []workRow
	err := db.write(ctx, func(tx *txn) error {
		clock, args := db.dbNow(now)
		skip := ""
		if db.onPostgres() {
			skip = " FOR UPDATE SKIP LOCKED"
		}
		due := "SELECT key FROM works WHERE wanted > done AND NOT dead AND run_at <= " + clock + " AND lease_until <= " + clock +
			" AND kind IN ? ORDER BY run_at, key LIMIT ?" + skip
		var err error
		rows, err = tx.claim(owner, lease, clock, args, "key IN ("+due+")", slices.Concat(args, args, []any{kinds, n}))
		return err
	})
	slices.SortFunc(rows, func(a, b workRow) int { return int(a.RunAt - b.RunAt) })
	works := make([]domain.Work, len(rows))
	for i, row := range rows {
		works[i] = row.work()
	}
	return works, err
}

// claim is the one statement by which an owner takes keys.
func (tx *txn) claim(owner string, lease time.Duration, clock string, clockArgs []any, where string, whereArgs []any) ([]workRow, error) {
	var rows []workRow
	err := tx.Raw("UPDATE works SET claimed = wanted, owner = ?, token = token + 1, attempt = attempt + 1, lease_until = "+clock+" + ? "+
		"WHERE "+where+" RETURNING "+workColumns, slices.Concat([]any{owner}, clockArgs, []any{lease.Microseconds()}, whereArgs)...).Scan(&rows).Error
	return rows, err
}

// ClaimKey takes one key now, due or not, and makes it when it is missing. It
// reports false when another owner holds it.
func (db *DB) ClaimKey(ctx context.Context, owner, key, kind string, lease time.Duration, now time.Time) (domain.Work, bool, error) {
	var rows []workRow
	err := db.write(ctx, func(tx *txn) error {
		clock, args := db.dbNow(now)
		if err := tx.Exec("INSERT INTO works ("+workColumns+") VALUES (?, ?, '', 1, 0, 0, "+clock+", 0, '', 0, 0, '', FALSE) ON CONFLICT (key) DO NOTHING",
			append([]any{key, kind}, args...)...).Error; err != nil {
			return err
		}
		var err error
		rows, err = tx.claim(owner, lease, clock, args, "key = ? AND lease_until <= "+clock, append([]any{key}, args...))
		return err
	})
	if err != nil || len(rows) == 0 {
		return domain.Work{}, false, err
	}
	return rows[0].work(), true, nil
}

// Heartbeat extends a lease. It returns ErrStale when somebody else has taken over.
func (db *DB) Heartbeat(ctx context.Context, lease domain.Lease, length time.Duration, now time.Time) error {
	return db.write(ctx, func(tx *txn) error {
		clock, args := db.dbNow(now)
		done := tx.Exec("UPDATE works SET lease_until = "+clock+" + ? WHERE key = ? AND owner = ? AND token = ?",
			append(args, length.Microseconds(), lease.Key, lease.Owner, lease.Token)...)
		return fenced(done, lease)
	})
}

// FinishWork ends a claim. What was enqueued during the run stays wanted. It
// returns ErrStale when somebody else has taken over.
func (db *DB) FinishWork(ctx context.Context, lease domain.Lease, result domain.WorkResult, now time.Time) error {
	return db.write(ctx, func(tx *txn) error { return tx.finishWork(lease, result, now) })
}

func (tx *txn) finishWork(lease domain.Lease, result domain.WorkResult, now time.Time) error {
	const where = " WHERE key = ? AND owner = ? AND token = ?"
	if result.Err != nil || result.Dead {
		retry := result.RetryAt
		if retry.IsZero() {
			retry = now
		}
		back := 0
		if result.Free {
			back = 1
		}
		// A key that was taken without being due is owed from here on.
		return fenced(tx.Exec("UPDATE works SET lease_until = 0, owner = '', wanted = CASE WHEN wanted > done THEN wanted ELSE done + 1 END, run_at = ?, last_error = ?, dead = ?, attempt = attempt - ?"+where,
			int64(newInstant(retry)), clip(result.Err), result.Dead, back, lease.Key, lease.Owner, lease.Token), lease)
	}
	again, round := int64(newInstant(result.Again)), 0
	if again != 0 {
		round = 1
	}
	return fenced(tx.Exec("UPDATE works SET lease_until = 0, owner = '', done = claimed, attempt = 0, last_error = '', dead = FALSE, "+
		"wanted = CASE WHEN wanted > claimed THEN wanted ELSE wanted + ? END, "+
		"run_at = CASE WHEN wanted > claimed THEN run_at ELSE ? END"+where,
		round, again, lease.Key, lease.Owner, lease.Token), lease)
}

// clip keeps an error text to what a person reads.
func clip(err error) string {
	if err == nil {
		return ""
	}
	text := strings.ToValidUTF8(err.Error(), "?")
	if runes := []rune(text); len(runes) > 1000 {
		text = string(runes[:1000])
	}
	return text
}

func fenced(done *gorm.DB, lease domain.Lease) error {
	if done.Error != nil {
		return done.Error
	}
	if done.RowsAffected != 1 {
		return leaseLost(lease)
	}
	return nil
}

func leaseLost(lease domain.Lease) error {
	return domain.Errorf(domain.ErrStale, "the lease on %s, token %d, has ended; another worker has taken over", lease.Key, lease.Token)
}

// holds checks inside a transaction that the lease is still the newest one.
// The row stays locked, so nobody takes over before the commit.
func (tx *txn) holds(lease domain.Lease) error {
	if lease == (domain.Lease{}) {
		return nil
	}
	var rows []workRow
	if err := tx.forUpdate().Where("key = ? AND owner = ? AND token = ?", lease.Key, lease.Owner, lease.Token).Find(&rows).Error; err != nil {
		return err
	}
	if len(rows) != 1 {
		return leaseLost(lease)
	}
	return nil
}

// Works lists the work schedule, the next one first.
func (db *DB) Works(ctx context.Context, filter WorkFilter) ([]WorkState, error) {
	q := db.read(ctx).Model(&workRow{}).Order("run_at, key").Limit(pageLimit(filter.Limit))
	if filter.Kind != "" {
		q = q.Where("kind = ?", filter.Kind)
	}
	if filter.Prefix != "" {
		q = q.Where(`key LIKE ? ESCAPE '\'`, escapeLike(filter.Prefix)+"%")
	}
	if filter.Pending {
		q = q.Where("wanted > done")
	}
	if filter.Dead {
		q = q.Where("dead")
	}
	var rows []workRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	works := make([]WorkState, len(rows))
	for n, row := range rows {
		works[n] = row.state()
	}
	return works, nil
}

// Rearm gives a key its attempts back and makes it due now.
func (db *DB) Rearm(ctx context.Context, key string) error {
	return db.write(ctx, func(tx *txn) error {
		now, args := db.dbNow(tx.now)
		done := tx.Exec("UPDATE works SET dead = FALSE, attempt = 0, run_at = "+now+
			", wanted = CASE WHEN wanted > done THEN wanted ELSE wanted + 1 END WHERE key = ?", append(args, key)...)
		if done.Error != nil {
			return done.Error
		}
		if done.RowsAffected != 1 {
			return notFound("work", key)
		}
		return tx.notify()
	})
}

// RemoveWork takes a key that nobody needs any more out of the schedule.
func (db *DB) RemoveWork(ctx context.Context, key string) error {
	return db.write(ctx, func(tx *txn) error { return tx.Exec("DELETE FROM works WHERE key = ?", key).Error })
}
