package store

import (
	"database/sql"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// benchToday is the day by which the dataset is judged.
var benchToday = domain.MustDate("2026-12-01")

// benchMeasures is the size of the dataset: 100,000 unless
// FOLLOWTHROUGH_BENCH_MEASURES says otherwise.
func benchMeasures(tb testing.TB) int {
	tb.Helper()
	n, err := strconv.Atoi(os.Getenv("FOLLOWTHROUGH_BENCH_MEASURES"))
	if err != nil {
		return 100_000
	}
	return n
}

// loadDataset stores n measures of n/10 incidents with 50 teams and 200 people,
// written by SQL because it would take minutes otherwise. One measure in ten is
// open, three in a hundred are overdue. With history, each has four rows.
func loadDataset(tb testing.TB, db *DB, n int, history bool) {
	tb.Helper()
	today := strconv.FormatInt(int64(newDay(benchToday)), 10)
	series := func(count string) string {
		if db.onPostgres() {
			return "generate_series(CAST(1 AS bigint), " + count + ") AS s(i)"
		}
		return "(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < " + count + ") SELECT i FROM s) AS s"
	}
	size, incidents := strconv.Itoa(n), strconv.Itoa(max(n/10, 1))
	statements := []string{
		"INSERT INTO people (id, name, email, language, role, disabled, created_at, updated_at, version) " +
			"SELECT 'p_' || i, 'Person ' || i, '', '', 'member', FALSE, 1, 1, 1 FROM " + series("200"),
		"INSERT INTO teams (id, name, created_at, updated_at, version) SELECT 't_' || i, 'Team ' || i, 1, 1, 1 FROM " + series("50"),
		"INSERT INTO incidents (num, key, id, title, summary, severity, status, started_at, services, causes, tags, fingerprint, external_url, team, created_at, updated_at, version) " +
			"SELECT i, 'INC-' || i, 'i' || i, 'Incident ' || i, '', 'SEV' || (1 + i % 5), 'closed', i * 1000000, '', '', '', '', '', 't_' || (1 + i % 50), 1, 1, 1 FROM " + series(incidents),
		"INSERT INTO measures (num, key, id, incident, title, description, kind, priority, status, open, status_unknown, closure_reason, closure_note, owner, external_owner, team, " +
			"due_day, original_due_day, due_moves, metric_name, metric_unit, metric_direction, metric_window_days, metric_not_measurable, verdict, verified_by, evidence_count, done_by, " +
			"created_at, updated_at, changed_from, policy_version, imported, version) " +
			"SELECT i, 'M-' || i, 'm' || i, 'INC-' || (1 + i % " + incidents + "), 'Measure number ' || i, 'What has to change, in a few words: ' || i, 'prevent', 'P' || (i % 5), " +
			"CASE WHEN i % 10 = 0 THEN 'accepted' ELSE 'verified' END, i % 10 = 0, FALSE, '', '', 'p_' || (1 + i % 200), '', 't_' || (1 + (i / 10) % 50), " +
			"CASE WHEN i % 100 < 30 THEN " + today + " - 1 - (i / 10) % 200 ELSE " + today + " + (i / 10) % 300 END, " + today + " - (i / 10) % 100, 1, '', '', '', 0, '', '', '', 0, '', " +
			"1700000000000000 + i * 1000000, 1700000000000000 + i * 1000000, 'user', 1, FALSE, 1 FROM " + series(size),
		"UPDATE sequences SET value = " + size + " WHERE name = 'measure'", "UPDATE sequences SET value = " + incidents + " WHERE name = 'incident'",
	}
	if history {
		salt := "randomblob(32)"
		if db.onPostgres() {
			salt = `decode(md5(i::text) || md5(i::text), 'hex')`
		}
		statements = append(statements,
			"INSERT INTO history (seq, subject, key, subject_seq, at, kind, field, from_value, to_value, overwritten, source, actor, on_behalf, external, request, reason, app, salt, leaf) "+
				"SELECT i, 'measure', 'M-' || (1 + (i - 1) % "+size+"), 1 + (i - 1) / "+size+", 1700000000000000 + i * 1000000, "+
				"CASE (i - 1) / "+size+" WHEN 0 THEN 'create' WHEN 1 THEN 'field' WHEN 2 THEN 'close' ELSE 'verify' END, CASE WHEN i <= "+size+" THEN '' ELSE 'status' END, '', "+
				"CASE (i - 1) / "+size+` WHEN 0 THEN '{"created_at":"2023-11-14T22:13:20Z","due_on":"2024-01-01","kind":"prevent","priority":"P1","status":"proposed","team":"t_1","title":"Measure number"}' `+
				"WHEN 1 THEN 'accepted' WHEN 2 THEN 'done' ELSE 'verified' END, FALSE, 'user', 'p_1', '', '', 'r', '', 'test', "+salt+", i FROM "+series(strconv.Itoa(4*n)),
			"UPDATE sequences SET value = "+strconv.Itoa(4*n)+" WHERE name = 'history'")
	}
	if db.onPostgres() {
		statements = append(statements, "VACUUM ANALYZE")
	} else {
		statements = append(statements, "ANALYZE")
	}
	conn := must[*sql.Conn](tb)(db.sql.Conn(tb.Context()))
	defer conn.Close()
	if db.onPostgres() {
		statements = append([]string{"SET statement_timeout = 0"}, append(statements, "SET statement_timeout = '60s'")...)
	}
	for _, statement := range statements {
		if _, err := conn.ExecContext(tb.Context(), statement); err != nil {
			tb.Fatalf("%s: %v", statement[:strings.Index(statement+" (", " (")], err)
		}
	}
	if err := db.write(tb.Context(), func(*txn) error { return nil }); err != nil { // a commit brings the search index in step
		tb.Fatal(err)
	}
}
