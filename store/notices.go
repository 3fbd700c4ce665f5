package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/followthrough/followthrough/domain"
)

type noticeRow struct {
	ID        string `gorm:"primaryKey"`
	Kind      string
	Channel   string
	Target    string
	Period    string
	Items     string
	State     string
	Attempts  int64
	LastError string
	Stop      string
	CreatedAt instant `gorm:"autoCreateTime:false"`
	UpdatedAt instant `gorm:"autoUpdateTime:false"`
	SentAt    instant
}

// TableName implements schema.Tabler.
func (noticeRow) TableName() string { return "notices" }

func newNoticeRow(n domain.Notice) noticeRow {
	return noticeRow{ID: n.ID, Kind: string(n.Kind), Channel: string(n.Channel), Target: n.Target, Period: n.Period, Items: toJSON(n.Items),
		State: string(n.State), Attempts: int64(n.Attempts), LastError: n.LastError, Stop: n.Stop,
		CreatedAt: newInstant(n.CreatedAt), UpdatedAt: newInstant(n.UpdatedAt), SentAt: newInstant(n.SentAt)}
}

func (r noticeRow) notice() (domain.Notice, error) {
	items, err := fromJSON[[]domain.NoticeItem](r.Items, "notice "+r.ID)
	return domain.Notice{ID: r.ID, Kind: domain.NoticeKind(r.Kind), Channel: domain.NoticeChannel(r.Channel), Target: r.Target, Period: r.Period,
		Items: items, State: domain.NoticeState(r.State), Attempts: int(r.Attempts), LastError: r.LastError, Stop: r.Stop,
		CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(), SentAt: r.SentAt.time()}, err
}

type roundRow struct {
	Day int64 `gorm:"primaryKey;autoIncrement:false"`
	At  instant
}

// TableName implements schema.Tabler.
func (roundRow) TableName() string { return "notice_rounds" }

// keepNotices and keepRounds are how long letters and rounds are remembered.
const (
	keepNotices = 180 * 24 * time.Hour
	keepRounds  = 400
)

// LastRound is the last day whose letters are written down; no date when there is none.
func (db *DB) LastRound(ctx context.Context) (domain.Date, error) {
	var rows []roundRow
	if err := db.point(ctx).Order("day DESC").Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return domain.Date{}, asDomain(err)
	}
	return day(rows[0].Day).date(), nil
}

// SaveRound writes the letters of a day down and makes each due, in one
// transaction. It reports false when another process has done so before.
func (db *DB) SaveRound(ctx context.Context, on domain.Date, notices []domain.Notice) (bool, error) {
	saved := false
	err := db.write(ctx, func(tx *txn) error {
		round := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&roundRow{Day: int64(newDay(on)), At: newInstant(tx.now)})
		if saved = round.RowsAffected == 1; round.Error != nil || !saved {
			return round.Error
		}
		due := map[string]string{}
		for _, n := range notices {
			row := newNoticeRow(n)
			made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
			if made.Error != nil {
				return made.Error
			}
			if made.RowsAffected == 1 {
				due[domain.NoticeKey(n.ID)] = ""
			}
		}
		if err := tx.Exec("DELETE FROM notices WHERE created_at < ? AND state IN ('sent', 'void')", newInstant(tx.now.Add(-keepNotices))).Error; err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM notice_rounds WHERE day < ?", int64(newDay(on))-keepRounds).Error; err != nil {
			return err
		}
		return tx.enqueue(domain.KindNotice, due)
	})
	return saved, err
}

// Notice returns one letter.
func (db *DB) Notice(ctx context.Context, id string) (domain.Notice, error) {
	return noticeWith(db.point(ctx), "id = ?", id)
}

// NoticeByStop finds the letter whose receiver holds the key.
func (db *DB) NoticeByStop(ctx context.Context, stop string) (domain.Notice, error) {
	return noticeWith(db.point(ctx), "stop = ?", stop)
}

func noticeWith(g *gorm.DB, where, value string) (domain.Notice, error) {
	var row noticeRow
	if err := g.Where(where, value).Take(&row).Error; err != nil {
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return domain.Notice{}, domain.Errorf(domain.ErrNotFound, "this letter is not known")
		}
		return domain.Notice{}, asDomain(err)
	}
	return row.notice()
}

// Notices returns one page of letters, newest first.
func (db *DB) Notices(ctx context.Context, filter domain.NoticeFilter, page domain.Page) (domain.List[domain.Notice], error) {
	none := domain.List[domain.Notice]{Total: -1}
	var c conditions
	oneOf(&c, "state", filter.State)
	if filter.Person != "" {
		c.add("channel = 'mail' AND target = ?", string(filter.Person))
	}
	list := domain.List[domain.Notice]{Total: -1}
	if page.WithTotal {
		var n int64
		if err := db.read(ctx).Raw("SELECT count(*) FROM notices"+c.where(), c.args...).Scan(&n).Error; err != nil {
			return none, asDomain(err)
		}
		list.Total = int(n)
	}
	o := order{names: []string{"-created_at", "-id"}, exprs: []string{"created_at", "id"}, desc: []bool{true, true}}
	query := "notices " + toJSON(filter)
	if page.Cursor != "" {
		values, err := db.cursors.decode(query, page.Cursor, 2)
		if err != nil {
			return none, err
		}
		o.after(&c, values)
	}
	limit := pageLimit(page.Limit)
	var rows []noticeRow
	if err := db.read(ctx).Raw("SELECT * FROM notices"+c.where()+o.sql()+" LIMIT ?", append(c.args, limit+1)...).Scan(&rows).Error; err != nil {
		return none, asDomain(err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		list.NextCursor = db.cursors.encode(query, []any{int64(rows[limit-1].CreatedAt), rows[limit-1].ID})
	}
	for _, row := range rows {
		n, err := row.notice()
		if err != nil {
			return none, err
		}
		list.Items = append(list.Items, n)
	}
	return list, nil
}

// BeginNotice marks a letter as being handed over and counts the attempt. It
// returns the letter as it was; one that has ended already stays as it is.
// ErrStale says that another worker holds the letter by now.
func (db *DB) BeginNotice(ctx context.Context, lease domain.Lease, id string) (domain.Notice, error) {
	var n domain.Notice
	err := db.write(ctx, func(tx *txn) error {
		if err := tx.holds(lease); err != nil {
			return err
		}
		var err error
		if n, err = noticeWith(tx.forUpdate(), "id = ?", id); err != nil {
			return err
		}
		if n.State != domain.NoticeWaiting && n.State != domain.NoticeSending {
			return nil
		}
		return tx.Exec("UPDATE notices SET state = 'sending', attempts = attempts + 1, updated_at = ? WHERE id = ?", newInstant(tx.now), id).Error
	})
	return n, err
}

// EndNotice records how an attempt ended, together with the row of the work
// schedule. A letter that was sent is recorded also by a worker whose lease has
// ended meanwhile: whoever took over must not send it again.
func (db *DB) EndNotice(ctx context.Context, lease domain.Lease, id string, outcome domain.NoticeOutcome, now time.Time) error {
	return db.write(ctx, func(tx *txn) error {
		if outcome.State != domain.NoticeSent {
			if err := tx.holds(lease); err != nil {
				return err
			}
		}
		sent := instant(0)
		if outcome.State == domain.NoticeSent {
			sent = newInstant(now)
		}
		if err := tx.Exec("UPDATE notices SET state = ?, last_error = ?, updated_at = ?, sent_at = ? WHERE id = ?",
			string(outcome.State), outcome.LastError, newInstant(now), sent, id).Error; err != nil {
			return err
		}
		switch outcome.State {
		case domain.NoticeSent, domain.NoticeVoid:
			return tx.Exec("DELETE FROM works WHERE key = ?", lease.Key).Error
		case domain.NoticeWaiting, domain.NoticeSending, domain.NoticeFailed:
		}
		return tx.finishWork(lease, domain.WorkResult{Err: errors.New(outcome.LastError), RetryAt: outcome.RetryAt, Dead: outcome.State == domain.NoticeFailed}, now)
	})
}

// RetryNotice makes a letter that was given up, or that waits, due now.
func (db *DB) RetryNotice(ctx context.Context, id string) (domain.Notice, error) {
	var n domain.Notice
	err := db.write(ctx, func(tx *txn) error {
		var err error
		if n, err = noticeWith(tx.forUpdate(), "id = ?", id); err != nil {
			return err
		}
		if n.State == domain.NoticeSent || n.State == domain.NoticeVoid {
			return domain.Errorf(domain.ErrConflict, "this letter is %s; there is nothing to try again", n.State)
		}
		n.State, n.Attempts, n.UpdatedAt = domain.NoticeWaiting, 0, tx.now
		if err := tx.Exec("UPDATE notices SET state = 'waiting', attempts = 0, updated_at = ? WHERE id = ?", newInstant(tx.now), id).Error; err != nil {
			return err
		}
		return tx.enqueue(domain.KindNotice, map[string]string{domain.NoticeKey(id): ""})
	})
	return n, err
}

// NoticeCounts counts the letters by state, for the gauges.
func (db *DB) NoticeCounts(ctx context.Context) (map[domain.NoticeState]int, error) {
	var rows []struct {
		State string
		N     int
	}
	if err := db.read(ctx).Raw("SELECT state, count(*) AS n FROM notices GROUP BY state").Scan(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	counts := map[domain.NoticeState]int{}
	for _, row := range rows {
		counts[domain.NoticeState(row.State)] = row.N
	}
	return counts, nil
}
