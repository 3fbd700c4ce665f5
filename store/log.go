package store

import (
	"crypto/rand"
	"errors"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"

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
	EpochLeaf  int64 // that tells of it
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

// logEnd is where the log and the history go on.
type logEnd struct {
	Name  string
	Size  int64
	Edges []byte
	Seq   int64 // the newest number of the history
}

// logEnd takes the sequencer: its rows stay locked until the commit. They are
// read as they are after the wait, and not as they were before it. On PostgreSQL
// the commit does not wait for the disk, so that the next writer can go on; write
// waits for it afterwards, before anybody is told that the change is stored.
func (tx *txn) logEnd() (logEnd, error) {
	var end logEnd
	query := "s.value AS seq, l.name, l.size, l.edges FROM sequences AS s CROSS JOIN logs AS l WHERE s.name = 'history'"
	if tx.db.onPostgres() {
		query = "set_config('synchronous_commit', 'off', TRUE) AS unsynced, " + query + " FOR UPDATE"
		tx.unflushed = true
	}
	got := tx.Raw("SELECT " + query).Scan(&end)
	if got.Error == nil && got.RowsAffected == 0 {
		return end, errors.New("the evidence log has not begun; run \"followthrough migrate up\"")
	}
	return end, got.Error
}

// newest is a subject's last history row. No row is 0 and the leaf -1; the leaf
// of a row from before the log is 0, which is the seal's.
type newest struct{ SubjectSeq, Leaf int64 }

func (tx *txn) newest(subject domain.Subject, key string) (*newest, error) {
	last := newest{Leaf: -1}
	err := tx.Raw("SELECT subject_seq, COALESCE(leaf, 0) AS leaf FROM history WHERE subject = ? AND key = ? ORDER BY subject_seq DESC LIMIT 1",
		string(subject), key).Scan(&last).Error
	return &last, err
}

// newestHeld is newest where it can be read before the sequencer is taken: of a
// key that was drawn in this operation, and of a measure that it has locked.
// Otherwise nil: a review may have messages before it is begun. Few add to a
// measure's history without its lock; who is overtaken by one of them reads it
// behind the sequencer the second time.
func (tx *txn) newestHeld(subject domain.Subject, key string, kind domain.ChangeKind) (*newest, error) {
	switch {
	case kind == domain.ChangeCreate && (subject == domain.SubjectMeasure || subject == domain.SubjectIncident):
		return &newest{Leaf: -1}, nil
	case subject == domain.SubjectMeasure && key == tx.held && !tx.again:
		return tx.newest(subject, key)
	}
	return nil, nil //nolint:nilnil // not known is no error
}

// appender adds leaves, and the history rows of them, behind the end of the log.
type appender struct {
	tx     *txn
	end    logEnd
	tree   *evidence.Range
	leaves []leafRow
	rows   []changeRow
}

func (tx *txn) appender(end logEnd) (*appender, error) {
	tree, err := evidence.NewRange(end.Size, end.Edges)
	return &appender{tx: tx, end: end, tree: tree}, err
}

func (a *appender) origin(prev int64) evidence.Origin {
	return evidence.Origin{Log: a.end.Name, App: a.tx.db.app, Prev: prev, Random: random}
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

// oneStatement bounds the rows that go to PostgreSQL in one statement, which
// takes at most 65,535 values.
const oneStatement = 500

// write stores the leaves, the rows and the new ends of the log and the history.
// Everybody else waits meanwhile, so PostgreSQL gets all in one statement.
func (a *appender) write() error {
	counted, grown := "UPDATE sequences SET value = ? WHERE name = 'history'", "UPDATE logs SET size = ?, edges = ?"
	end := []any{a.end.Seq + int64(len(a.rows)), a.tree.Size(), a.tree.Edges()}
	if a.tx.db.onPostgres() && len(a.rows) > 0 && len(a.rows) <= oneStatement {
		err := a.tx.Exec("WITH counted AS ("+counted+"), grown AS ("+grown+"), grew AS (INSERT INTO leaves ?) INSERT INTO history ?",
			append(end, a.tx.values(&a.leaves), a.tx.values(&a.rows))...).Error
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return errOvertaken
		}
		return err
	}
	for chunk := range slices.Chunk(a.leaves, oneStatement) {
		if err := a.tx.Exec("INSERT INTO leaves ?", a.tx.values(&chunk)).Error; err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(a.rows, oneStatement) {
		if err := a.tx.Exec("INSERT INTO history ?", a.tx.values(&chunk)).Error; err != nil {
			return err
		}
	}
	if err := a.tx.Exec(counted, end[0]).Error; err != nil {
		return err
	}
	return a.tx.Exec(grown, end[1:]...).Error
}

// values are rows as an INSERT wants them; rows points to a slice.
func (tx *txn) values(rows any) clause.Values {
	stmt := &gorm.Statement{DB: tx.DB, Context: tx.Statement.Context, Dest: rows, ReflectValue: reflect.ValueOf(rows).Elem()}
	if err := stmt.Parse(rows); err != nil {
		panic(err) // a row type of this package that GORM cannot read
	}
	return callbacks.ConvertToCreateValues(stmt)
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

// appendHistory gives each history row its leaf and its salts, and stores both.
func (tx *txn) appendHistory(end logEnd, prev int64, rows []changeRow) error {
	a, err := tx.appender(end)
	if err != nil {
		return err
	}
	alias := ""
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
	a.rows = rows
	return a.write()
}

// appendLog adds a leaf about the log itself.
func (tx *txn) appendLog(kind string, data ...evidence.Field) (int64, []byte, error) {
	end, err := tx.logEnd()
	if err != nil {
		return 0, nil, err
	}
	a, err := tx.appender(end)
	if err != nil {
		return 0, nil, err
	}
	num, err := a.add(evidence.LogLeaf(kind, a.origin(-1), tx.now, data...), 0)
	if err != nil {
		return 0, nil, err
	}
	return num, a.leaves[0].Body, a.write()
}
