package store

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

// The tamper-evident log is written here, in the transaction of the change. The
// history counter is its sequencer too: whoever holds it is alone until the
// commit, so leaves and history rows have one order.

// logRow is the one log of the database. edges are its tree's right edge.
type logRow struct {
	Name       string `gorm:"primaryKey"`
	Size       int64
	Edges      []byte
	Epoch      int64
	PublicKey  string
	SigningKey string
	NextKey    string
}

// TableName implements schema.Tabler.
func (logRow) TableName() string { return "logs" }

// leafRow is one leaf; a seq of 0 is NULL and means a leaf about the log itself.
type leafRow struct {
	Num    int64 `gorm:"primaryKey;autoIncrement:false"`
	Seq    optionalSeq
	Body   []byte
	Hashes []byte
}

// TableName implements schema.Tabler.
func (leafRow) TableName() string { return "leaves" }

// aliasRow is the random name of a person in the log.
type aliasRow struct {
	Person string `gorm:"primaryKey"`
	Alias  string
}

// TableName implements schema.Tabler.
func (aliasRow) TableName() string { return "aliases" }

// tail is the end of the log and of one subject's history.
type tail struct {
	Name  string
	Size  int64
	Edges []byte
	// Last is the subject's newest number, 0 for none; Leaf is that row's leaf, -1 for none.
	Last int64
	Leaf int64
}

// tail reads where to go on. The caller holds the sequencer.
func (tx *txn) tail(subject domain.Subject, key string) (tail, error) {
	var t tail
	newest := " FROM history WHERE subject = ? AND key = ? ORDER BY subject_seq DESC LIMIT 1)"
	args := []any{string(subject), key, string(subject), key}
	got := tx.Raw("SELECT name, size, edges, COALESCE((SELECT subject_seq"+newest+", 0) AS last, COALESCE((SELECT COALESCE(leaf, 0)"+newest+", -1) AS leaf FROM logs", args...).Scan(&t)
	if got.Error == nil && got.RowsAffected == 0 {
		return t, errors.New("the evidence log has not begun; run \"followthrough migrate up\"")
	}
	return t, got.Error
}

// appender adds leaves behind the end of the log.
type appender struct {
	tx     *txn
	log    string
	tree   *evidence.Range
	leaves []leafRow
}

func (tx *txn) appender(t tail) (*appender, error) {
	tree, err := evidence.NewRange(t.Size, t.Edges)
	return &appender{tx: tx, log: t.Name, tree: tree}, err
}

func (a *appender) origin(prev int64) evidence.Origin {
	return evidence.Origin{Log: a.log, App: a.tx.db.app, Prev: prev, Random: random}
}

func random(b []byte) { _, _ = rand.Read(b) } // never fails

// add encodes a leaf and returns its number.
func (a *appender) add(leaf evidence.Leaf, seq int64) (int64, error) {
	body, err := leaf.Encode()
	if err != nil {
		return 0, err
	}
	num := a.tree.Size()
	a.leaves = append(a.leaves, leafRow{Num: num, Seq: optionalSeq(seq), Body: body, Hashes: a.tree.AddStored(tlog.RecordHash(body))})
	return num, nil
}

// write stores the leaves and the new end of the log. Everybody else waits
// meanwhile, so PostgreSQL gets both in one statement.
func (a *appender) write() error {
	grown, end := "UPDATE logs SET size = ?, edges = ?", []any{a.tree.Size(), a.tree.Edges()}
	for chunk := range slices.Chunk(a.leaves, 200) {
		insert := "INSERT INTO leaves (num, seq, body, hashes) VALUES " + strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?), ", len(chunk)), ", ")
		var args []any
		for _, l := range chunk {
			args = append(args, l.Num, l.Seq, l.Body, l.Hashes)
		}
		if a.tx.db.onPostgres() && len(chunk) == len(a.leaves) {
			return a.tx.Exec("WITH grown AS ("+grown+") "+insert, append(end, args...)...).Error
		}
		if err := a.tx.Exec(insert, args...).Error; err != nil {
			return err
		}
	}
	return a.tx.Exec(grown, end...).Error
}

// alias returns the name of a person in the log, which is made with their first leaf.
func (tx *txn) alias(person string) (string, error) {
	var rows []aliasRow
	if err := tx.Where("person = ?", person).Limit(1).Find(&rows).Error; err != nil || len(rows) == 1 {
		return append(rows, aliasRow{})[0].Alias, err
	}
	row := aliasRow{Person: person, Alias: "a_" + strings.ToLower(rand.Text())}
	return row.Alias, tx.Create(&row).Error
}

// leaves gives each history row its leaf and its salts, and appends the leaves.
func (tx *txn) leaves(t tail, rows []changeRow) error {
	a, err := tx.appender(t)
	if err != nil {
		return err
	}
	prev, alias := t.Leaf, ""
	if rows[0].Subject == string(domain.SubjectPerson) {
		if alias, err = tx.alias(rows[0].Key); err != nil {
			return err
		}
	}
	for n := range rows {
		origin := a.origin(prev)
		origin.Alias = func(string) string { return alias }
		leaf, salts := evidence.NewLeaf(rows[n].change(), origin)
		num, err := a.add(leaf, rows[n].Seq)
		if err != nil {
			return err
		}
		rows[n].Leaf, rows[n].Salt = &num, append([]byte{}, salts...) // never NULL
		prev = num
	}
	return a.write()
}

// appendLog adds a leaf about the log itself.
func (tx *txn) appendLog(kind string, data ...evidence.Field) (int64, []byte, error) {
	if _, err := tx.next("history", 0); err != nil { // take the sequencer
		return 0, nil, err
	}
	t, err := tx.tail("", "")
	if err != nil {
		return 0, nil, err
	}
	a, err := tx.appender(t)
	if err != nil {
		return 0, nil, err
	}
	num, err := a.add(evidence.LogLeaf(kind, a.origin(-1), tx.now, data...), 0)
	if err != nil {
		return 0, nil, err
	}
	return num, a.leaves[0].Body, a.write()
}
