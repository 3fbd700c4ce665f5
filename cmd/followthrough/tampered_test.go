package main

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/followthrough/followthrough/evidence"
)

// TestTamperedLogIsNotSigned: somebody who can write into the database, but has
// not the program's folder, makes the log shorter in a way that adds up, and
// covers the tracks that a database has. The head that is kept outside tells,
// and no raised epoch excuses it.
func TestTamperedLogIsNotSigned(t *testing.T) {
	for name, also := range map[string]string{
		"cut":                          "",
		"cut, heads deleted":           "DELETE FROM checkpoints",
		"cut, epoch raised":            "DELETE FROM checkpoints; UPDATE logs SET epoch = 1",
		"cut, epoch with a leaf":       "DELETE FROM checkpoints; UPDATE logs SET epoch = 1, epoch_leaf = 2",
		"cut, another key":             "DELETE FROM checkpoints; UPDATE logs SET signing_key = ''",
		"cut, and the key had changed": "DELETE FROM checkpoints; INSERT INTO log_keys SELECT 1, public_key, '', 1 FROM logs; UPDATE logs SET signing_key = ''",
	} {
		t.Run(name, func(t *testing.T) {
			c := newTerminal(t)
			for range 3 {
				c.ok("measure add --title", "Alert on lag")
			}
			key := strings.TrimSpace(c.ok("evidence key"))
			since := c.file("old.txt", c.ok("evidence checkpoint"))
			c.tamper(func(ctx context.Context, tx *sql.Tx) error { return cutLog(ctx, tx, 3) }, strings.Split(also, "; ")...)
			pack := filepath.Join(c.folder, "pack.zip")
			for _, line := range []string{"evidence status", "evidence checkpoint", "evidence export --from 2020-01-01 --out " + pack} {
				if code, _, errs := c.run(line); code != exitFinding || !strings.Contains(errs, "Nothing is signed any more") {
					t.Errorf("%s: exit %d: %s", line, code, errs)
				}
			}
			if _, err := os.Stat(pack); err == nil {
				t.Fatalf("a pack was written: %s", c.ok("evidence verify --key", key, pack))
			}
			// The operator may go on, and says so for ever.
			c.ok("evidence new-epoch --reason", "found by a test")
			c.ok("evidence export --from 2020-01-01 --out", pack)
			code, out, _ := c.run("evidence verify --key "+key+" --since", since, pack)
			if !strings.Contains(name, "key") && (code != 2 || !strings.Contains(out, `reason "found by a test"`)) {
				t.Errorf("the pack after it, against the old head: exit %d: %s", code, out)
			}
		})
	}
}

// tamper changes the database behind the program's back.
func (c *terminal) tamper(change func(context.Context, *sql.Tx) error, statements ...string) {
	c.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(c.folder, "followthrough.db"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	tx, err := db.BeginTx(c.t.Context(), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := change(c.t.Context(), tx); err != nil {
		c.t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := tx.ExecContext(c.t.Context(), s); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		c.t.Fatal(err)
	}
}

// cutLog takes everything behind the first leaves away, and makes the rest fit.
func cutLog(ctx context.Context, tx *sql.Tx, kept int) error {
	rows, err := tx.QueryContext(ctx, "SELECT body FROM leaves ORDER BY num LIMIT ?", kept)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var tree evidence.Range
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return err
		}
		tree.Add(tlog.RecordHash(body))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, s := range []string{"DROP TRIGGER leaves_no_delete", "DROP TRIGGER history_no_delete", "DELETE FROM history WHERE leaf >= 3", "DELETE FROM leaves WHERE num >= 3",
		"UPDATE sequences SET value = (SELECT MAX(seq) FROM history) WHERE name = 'history'"} {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, "UPDATE logs SET size = ?, edges = ?", tree.Size(), tree.Edges())
	return err
}
