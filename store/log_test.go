package store

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// checkLog reads the whole log and holds it against the history.
func checkLog(t testing.TB, db *DB) evidence.LogHead {
	t.Helper()
	head := must[evidence.LogHead](t)(db.LogHead(t.Context()))
	if err := db.CheckLog(t.Context()); err != nil {
		t.Error(err)
	}
	return head
}

// work makes changes of every kind that the log has a form of its own for.
func work(t testing.TB, db *DB) domain.Measure {
	t.Helper()
	addTeam(t, db, "t_a", "p_bo")
	i := addIncident(t, db, nil)
	m := addMeasure(t, db, func(m *domain.Measure) { m.Incident, m.Team = i.Key, "t_a" })
	m = must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("Another title")))
	return must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), func(m *domain.Measure) error {
		m.Title, m.Priority = "Two at once", domain.P1
		return nil
	}))
}

func TestEveryHistoryRowIsALeaf(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		work(t, db)
		head := checkLog(t, db)
		rows := count(t, db, "SELECT count(*) FROM history")
		if head.Size != rows+1 || rows < 7 {
			t.Errorf("%d leaves for %d history rows and the seal", head.Size, rows)
		}
		tree := &evidence.Range{}
		var last int64 = -1
		err := db.EachLeaf(t.Context(), 0, head.Size, func(r evidence.LogRow) error {
			leaf, err := evidence.ParseLeaf(r.Leaf)
			if err != nil {
				return err
			}
			tree.Add(tlog.RecordHash(r.Leaf))
			if r.Change == nil {
				return nil
			}
			if leaf.Subject != string(r.Change.Subject) || leaf.Seq != r.Change.SubjectSeq || leaf.Log != head.Name || leaf.App != "test" {
				return fmt.Errorf("leaf %d is %+v", r.Index, leaf)
			}
			if leaf.Subject == "person" && (leaf.Key == r.Change.Key || !strings.HasPrefix(leaf.Key, "a_")) {
				return fmt.Errorf("leaf %d names the person %q", r.Index, leaf.Key)
			}
			for _, o := range evidence.Openings(leaf, *r.Change, r.Salts) {
				if !bytes.Contains(r.Leaf, []byte(evidence.Commit(o.Salt, o.Name, o.Text))) {
					return fmt.Errorf("leaf %d: %s does not open", r.Index, o.Name)
				}
			}
			if leaf.Subject == "measure" && leaf.Key == "M-1" {
				if last >= 0 && leaf.Prev != last {
					return fmt.Errorf("leaf %d follows %d, want %d", r.Index, leaf.Prev, last)
				}
				last = r.Index
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if tree.Root() != head.Root {
			t.Error("the stored edges have another root than the leaves")
		}
		hashes := must[[]byte](t)(db.LeafHashes(t.Context(), head.Size))
		if int64(len(hashes)) != 32*head.Size {
			t.Errorf("%d bytes of hashes", len(hashes))
		}
	})
}

// Every stored hash of the tree is where proofs look for it.
func TestLogProofs(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		var roots []tlog.Hash
		roots = append(roots, must[evidence.LogHead](t)(db.LogHead(t.Context())).Root)
		for range 12 {
			addMeasure(t, db, nil)
			roots = append(roots, must[evidence.LogHead](t)(db.LogHead(t.Context())).Root)
		}
		size := int64(len(roots))
		for old := int64(1); old <= size; old++ {
			proof := must[tlog.TreeProof](t)(db.ProveGrowth(t.Context(), size, old))
			if err := tlog.CheckTree(proof, size, roots[size-1], old, roots[old-1]); err != nil {
				t.Errorf("from %d to %d: %v", old, size, err)
			}
			record, body, err := db.ProveLeaf(t.Context(), size, old-1)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckRecord(record, size, roots[size-1], old-1, tlog.RecordHash(body)); err != nil {
				t.Errorf("leaf %d: %v", old-1, err)
			}
		}
		_, _, err := db.ProveLeaf(t.Context(), size, size)
		refused(t, "a leaf that is not there", err, domain.ErrNotFound)
	})
}

// A refused operation leaves no leaf behind.
func TestRolledBackChangeHasNoLeaf(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m := work(t, db)
		before := checkLog(t, db)
		by := ana()
		by.Idempotency = domain.Idempotency{Key: "once", BodyHash: "x"}
		note := func() error {
			return db.Note(t.Context(), domain.Everything(), by, domain.SubjectMeasure, string(m.Key), domain.FieldChange{Kind: domain.ChangeConfig, Field: "x", To: "y"})
		}
		if err := note(); err != nil {
			t.Fatal(err)
		}
		if err := note(); err == nil {
			t.Error("the same key was taken twice")
		}
		if after := checkLog(t, db); after.Size != before.Size+1 {
			t.Errorf("%d leaves, want one more than %d", after.Size, before.Size)
		}
	})
}

// Whoever changes the database behind the program's back is found out by the
// check, although the triggers that would refuse it are gone.
func TestCheckLogFindsTampering(t *testing.T) {
	for what, statement := range map[string]string{
		"an edited history row":         "DROP TRIGGER history_no_update; UPDATE history SET to_value = 'never' WHERE subject = 'measure' AND field = 'title'",
		"another person":                "DROP TRIGGER history_no_update; UPDATE history SET actor = 'p_eve' WHERE seq = 4",
		"a backdated row":               "DROP TRIGGER history_no_update; UPDATE history SET at = at - 1000000 WHERE seq = 4",
		"a changed status":              "DROP TRIGGER history_no_update; UPDATE history SET to_value = 'P4' WHERE field = 'priority'",
		"a row that is gone":            "DROP TRIGGER history_no_delete; DELETE FROM history WHERE seq = 4",
		"the last row that is gone":     "DROP TRIGGER history_no_delete; DELETE FROM history WHERE seq = (SELECT MAX(seq) FROM history)",
		"a leaf that is gone":           "DROP TRIGGER leaves_no_delete; DELETE FROM leaves WHERE num = 3",
		"an edited leaf":                "DROP TRIGGER leaves_no_update; UPDATE leaves SET body = CAST(replace(CAST(body AS text), 'source user', 'source jira') AS blob) WHERE num = 3",
		"a row without a leaf":          "DROP TRIGGER history_needs_leaf; INSERT INTO history SELECT seq + 1, subject, key, subject_seq + 1, at, kind, field, from_value, to_value, overwritten, source, actor, on_behalf, external, external_at, request, reason, app, salt, NULL, NULL FROM history ORDER BY seq DESC LIMIT 1",
		"a measure without history":     "UPDATE measures SET title = 'silently'",
		"a cut tree":                    "UPDATE logs SET size = size - 1",
		"a measure that lost a value":   "UPDATE measures SET priority = ''",
		"a measure made earlier":        "UPDATE measures SET created_at = created_at - 1000000",
		"a measure out of nothing":      "UPDATE measures SET key = 'M-77' WHERE key = 'M-1'",
		"a person who became admin":     "UPDATE people SET role = 'admin'",
		"a person in another team":      "DELETE FROM memberships",
		"a team of another name":        "UPDATE teams SET name = 'x'",
		"a person out of nothing":       "INSERT INTO people SELECT 'p_eve', 'Eve', '', language, 'admin', deputy, disabled, created_at, updated_at, version FROM people LIMIT 1",
		"a person called otherwise":     "UPDATE aliases SET alias = 'a_eve'",
		"evidence out of nothing":       "INSERT INTO evidence (id, measure, title, url, received_at, added_by) VALUES ('e_1', 'M-1', 'x', 'https://x', 1, 'p_bo')",
		"evidence that is only counted": "UPDATE measures SET evidence_count = 3",
		"a probe out of nothing":        "INSERT INTO probes VALUES ('M-1', 'json', 'https://x', '', 24, 'p_bo', 1, NULL, '', NULL, 1)",
		"a raised epoch":                "UPDATE logs SET epoch = 7",
		"a key that never signed":       "INSERT INTO log_keys VALUES (1, 'followthrough/x+00000000+AQ', 'x', 1)",
		"erased without a word":         "UPDATE history SET erased_at = 1, to_value = '', salt = zeroblob(length(salt)) WHERE subject = 'measure' AND field = 'title'",
	} {
		t.Run(what, func(t *testing.T) {
			db := openSQLiteForTest(t)
			work(t, db)
			checkLog(t, db)
			for part := range strings.SplitSeq(statement, "; ") {
				if _, err := db.sql.ExecContext(t.Context(), part); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.CheckLog(t.Context()); err == nil {
				t.Error("the check found nothing")
			} else {
				t.Log(err)
			}
		})
	}
}

// Rows from before the log are sealed by its first leaf, which says how many.
func TestEarlierRowsAreSealed(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m := work(t, db)
		rows := count(t, db, "SELECT count(*) FROM history")
		unlog(t, db)
		if err := db.beginLog(t.Context()); err != nil {
			t.Fatal(err)
		}
		m = must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), retitle("After the seal")))
		head := checkLog(t, db)
		if head.Size != 2 {
			t.Fatalf("%d leaves, want the seal and one change", head.Size)
		}
		var leaves []evidence.Leaf
		err := db.EachLeaf(t.Context(), 0, 2, func(r evidence.LogRow) error {
			l, err := evidence.ParseLeaf(r.Leaf)
			leaves = append(leaves, l)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if leaves[0].Kind != evidence.KindSeal || leaves[0].Data("rows") != fmt.Sprint(rows) {
			t.Errorf("the seal: %+v", leaves[0])
		}
		if leaves[1].Prev != 0 || leaves[1].Seq != m.Version+1 && leaves[1].Seq < 2 {
			t.Errorf("the first change: %+v", leaves[1])
		}
		for _, statement := range []string{"ALTER TABLE history DISABLE TRIGGER history_no_update", "UPDATE history SET reason = 'x' WHERE seq = 1"} {
			if !db.onPostgres() {
				statement = strings.Replace(statement, "ALTER TABLE history DISABLE TRIGGER history_no_update", "DROP TRIGGER history_no_update", 1)
			}
			if _, err := db.sql.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.CheckLog(t.Context()); err == nil || !strings.Contains(err.Error(), "seal") {
			t.Errorf("a sealed row was changed: %v", err)
		}
	})
}

// unlog takes the log away, as before the migration.
func unlog(t testing.TB, db *DB) {
	t.Helper()
	statements := []string{"DROP TRIGGER leaves_no_delete", "DELETE FROM leaves", "DELETE FROM logs", "DROP TRIGGER history_no_update", "UPDATE history SET leaf = NULL",
		"CREATE TRIGGER history_no_update BEFORE UPDATE ON history WHEN NEW.erased_at IS NULL BEGIN SELECT RAISE(ABORT, 'append-only'); END"}
	if db.onPostgres() {
		statements = []string{"ALTER TABLE leaves DISABLE TRIGGER leaves_no_delete", "DELETE FROM leaves", "DELETE FROM logs",
			"ALTER TABLE history DISABLE TRIGGER history_no_update", "UPDATE history SET leaf = NULL", "ALTER TABLE history ENABLE TRIGGER history_no_update"}
	}
	for _, s := range statements {
		if _, err := db.sql.ExecContext(t.Context(), s); err != nil {
			t.Fatal(s, err)
		}
	}
}

// The key that signs is sealed in the database and opens only with the secret key.
func TestLogKey(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		key := must[string](t)(db.LogKey(t.Context()))
		again := must[string](t)(db.LogKey(t.Context()))
		head := must[evidence.LogHead](t)(db.LogHead(t.Context()))
		if key == "" || key != again || !strings.HasPrefix(head.Key, head.Name+"+") {
			t.Errorf("keys %q and %q, public %q", key, again, head.Key)
		}
		var stored string
		if err := db.reads.Raw("SELECT signing_key FROM logs").Scan(&stored).Error; err != nil || strings.Contains(stored, key) || !strings.HasPrefix(stored, sealVersion+".") {
			t.Errorf("stored as %q, %v", stored, err)
		}
	})
}

// A pack of a stored log verifies.
func TestPackOfTheStoredLog(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		work(t, db)
		pack, head := packOf(t, db)
		if v := evidence.Verify(bytes.NewReader(pack), int64(len(pack)), head.Key, nil); v.ExitCode() != 0 {
			t.Error(v)
		}
	})
}

func packOf(t testing.TB, db *DB) ([]byte, evidence.LogHead) {
	t.Helper()
	ctx := t.Context()
	signer := signerOf(t, db)
	head := must[evidence.LogHead](t)(db.LogHead(ctx))
	scope := evidence.NewScope(head.Name, domain.MustDate("2026-01-01"), domain.MustDate("2026-12-31"), head.Size, testNow, "test")
	rows := func(ctx context.Context, f func(evidence.LogRow) error) error {
		return db.EachLeaf(ctx, 0, head.Size, f)
	}
	draft := must[*evidence.Draft](t)(evidence.NewDraft(ctx, scope, rows, head.Key, nil))
	num, body, err := db.AppendLog(ctx, evidence.KindPack, draft.Data())
	if err != nil {
		t.Fatal(err)
	}
	now := must[evidence.LogHead](t)(db.LogHead(ctx))
	checkpoint := must[evidence.Checkpoint](t)(evidence.Sign(signer, now.Epoch, now.Size, now.Root))
	var out bytes.Buffer
	if err := draft.Write(&out, num, body, must[[]byte](t)(db.LeafHashes(ctx, now.Size)), checkpoint); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), now
}

func signerOf(t testing.TB, db *DB) evidence.Signer {
	t.Helper()
	return must[evidence.Signer](t)(evidence.NewSigner(must[string](t)(db.LogKey(t.Context()))))
}

func TestBackupTakesTheLogAlong(t *testing.T) {
	db := openSQLiteForTest(t)
	work(t, db)
	file := filepath.Join(t.TempDir(), "backup.db")
	if err := db.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	bad := spoil(t, file, "DROP TRIGGER leaves_no_delete; DELETE FROM leaves WHERE num = 2")
	if err := VerifyBackup(t.Context(), bad); err == nil {
		t.Error("a backup without a leaf was taken for whole")
	}
}

// TestReopenedAfterAnImport: the time of completion follows from the status;
// a measure that came in done and is done again agrees with its history.
func TestReopenedAfterAnImport(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m := addMeasure(t, db, func(m *domain.Measure) { m.Status, m.DoneAt = domain.Done, m.CreatedAt })
		for _, step := range []func(*domain.Measure) error{
			func(m *domain.Measure) error { m.Status, m.DoneAt = domain.Accepted, time.Time{}; return nil },
			func(m *domain.Measure) error {
				m.Status, m.DoneAt = domain.Done, m.CreatedAt.Add(time.Hour)
				return nil
			},
		} {
			must[domain.Measure](t)(db.UpdateMeasure(t.Context(), domain.Everything(), m.Key, 0, ana(), step))
			checkLog(t, db)
		}
	})
}

// Writers of one history who do not hold its subject's row, and one who does, all
// at once: every change has its place behind the one before.
func TestOneHistoryWrittenAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		m := work(t, db)
		before := len(changesOf(t, db, domain.SubjectMeasure, string(m.Key)))
		const writers, turns = 8, 6
		results := make(chan error, writers)
		for n := range writers {
			go func() {
				for turn := range turns {
					value := fmt.Sprint(n, "-", turn)
					err := db.write(context.Background(), func(tx *txn) error {
						if n%2 == 0 {
							if _, err := tx.lockMeasure(domain.Everything(), m.Key); err != nil {
								return err
							}
						}
						return tx.history(domain.SubjectMeasure, string(m.Key), ana(), entries(domain.FieldChange{Kind: domain.ChangeConfig, Field: "link_state", To: value}))
					})
					if err != nil {
						results <- err
						return
					}
				}
				results <- nil
			}()
		}
		for range writers {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if n := len(changesOf(t, db, domain.SubjectMeasure, string(m.Key))) - before; n != writers*turns {
			t.Errorf("%d new rows, want %d", n, writers*turns)
		}
		checkLog(t, db)
	})
}
