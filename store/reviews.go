package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// Review returns the review of an incident; one that nobody has begun is in
// the state none and has version 0.
func (db *DB) Review(ctx context.Context, scope domain.Scope, key domain.IncidentKey) (domain.Review, error) {
	if _, err := db.Incident(ctx, scope, key); err != nil {
		return domain.Review{}, err
	}
	return reviewOf(db.point(ctx), key)
}

func reviewOf(g *gorm.DB, key domain.IncidentKey) (domain.Review, error) {
	var rows []reviewRow
	if err := g.Where("incident = ?", string(key)).Limit(1).Find(&rows).Error; err != nil {
		return domain.Review{}, asDomain(err)
	}
	if len(rows) == 0 {
		return domain.NewReview(key), nil
	}
	return rows[0].review()
}

// ReviewMaterial reads a review with everything it is shown and judged with.
func (db *DB) ReviewMaterial(ctx context.Context, scope domain.Scope, key domain.IncidentKey) (m domain.ReviewMaterial, err error) {
	if m.Incident, err = db.Incident(ctx, scope, key); err != nil {
		return m, err
	}
	g := db.read(ctx)
	if err := readReview(g, &m); err != nil {
		return m, err
	}
	var rows []measureRow
	var c conditions
	c.scope(scope)
	c.add("incident = ?", string(key))
	if err := g.Where(c.bare(), c.args...).Order("num").Find(&rows).Error; err != nil {
		return m, asDomain(err)
	}
	for _, row := range rows {
		m.Measures = append(m.Measures, row.measure())
	}
	if m.Messages, err = messagesOf(g, key); err != nil {
		return m, err
	}
	if m.Review.Feedback != "" {
		m.Answers, err = answersOf(g, key)
	}
	return m, err
}

// readReview reads the review of an incident and how often the incident came back.
func readReview(g *gorm.DB, m *domain.ReviewMaterial) error {
	key := string(m.Incident.Key)
	var found struct {
		Row   reviewRow `gorm:"embedded"`
		Later int
	}
	if err := g.Raw("SELECT reviews.*, (SELECT count(*) FROM incidents AS later WHERE later.recurrence_of = ?) AS later "+
		"FROM incidents LEFT JOIN reviews ON reviews.incident = incidents.key WHERE incidents.key = ?", key, key).Scan(&found).Error; err != nil {
		return asDomain(err)
	}
	m.Later = found.Later
	if found.Row.Incident == "" { // nobody has begun it
		m.Review = domain.NewReview(m.Incident.Key)
		return nil
	}
	var err error
	m.Review, err = found.Row.review()
	return err
}

// lockIncident reads and locks the incident that an operation writes beside.
func (tx *txn) lockIncident(scope domain.Scope, key domain.IncidentKey) (domain.Incident, error) {
	var row incidentRow
	err := tx.forUpdate().Where("num = ?", incidentNumber(key)).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) || err == nil && !scope.Allows(domain.TeamID(row.Team)) {
		return domain.Incident{}, notFound("incident", string(key))
	}
	if err != nil {
		return domain.Incident{}, err
	}
	return row.incident()
}

// UpdateReview changes a review, or begins it. change may return a document,
// which is then stored as the next published version. version 0 accepts any.
func (db *DB) UpdateReview(ctx context.Context, scope domain.Scope, key domain.IncidentKey, version int64, by domain.Attribution,
	change func(r *domain.Review, i domain.Incident, plan func() ([]domain.Measure, []domain.Message, error)) (*domain.ReviewDocument, error),
) (domain.Review, error) {
	var r domain.Review
	err := db.write(ctx, func(tx *txn) error {
		incident, err := tx.lockIncident(scope, key)
		if err != nil {
			return err
		}
		before, err := reviewOf(tx.DB, key)
		if err != nil {
			return err
		}
		if version != 0 && version != before.Version {
			return stale("review of", string(key))
		}
		r = before
		document, err := change(&r, incident, func() ([]domain.Measure, []domain.Message, error) {
			measures, err := tx.measuresOf(key)
			if err != nil {
				return nil, nil, err
			}
			messages, err := messagesOf(tx.DB, key)
			return measures, messages, err
		})
		if err != nil {
			return err
		}
		if r, err = tx.recordReview(before, r, by); err != nil || document == nil {
			return err
		}
		if err := tx.Exec("UPDATE reviews SET published_words = words WHERE incident = ?", string(key)).Error; err != nil {
			return err
		}
		row := reviewVersionRow{Incident: string(key), Number: int64(r.Published), At: newInstant(tx.now), Actor: by.Actor, Document: toJSON(document)}
		return tx.Create(&row).Error
	})
	if errors.Is(err, gorm.ErrForeignKeyViolated) {
		return r, db.explainReferences(ctx, err, []reference{{"moderator", "people", string(r.Moderator), "person"}})
	}
	return r, err
}

func (tx *txn) recordReview(before, r domain.Review, by domain.Attribution) (domain.Review, error) {
	r.Incident, r.Version = before.Incident, before.Version
	was, after := newReviewRow(before), newReviewRow(r)
	same := after
	same.UpdatedAt = was.UpdatedAt
	if same == was {
		return before, nil
	}
	after.Version++
	var rows []entry
	if before.Version == 0 {
		if err := tx.Create(&after).Error; err != nil {
			return r, err
		}
		rows = entries(domain.ReviewCreated(r))
	} else if err := tx.update(&was, &after, "incident", was.Incident, was.Version); err != nil {
		return r, err
	}
	stored, err := after.review()
	if err != nil {
		return r, err
	}
	return stored, tx.history(domain.SubjectReview, after.Incident, by, append(rows, entries(domain.ReviewChanges(before, stored)...)...))
}

// ReviewVersions returns every published version, the first one first.
func (db *DB) ReviewVersions(ctx context.Context, scope domain.Scope, key domain.IncidentKey) ([]domain.ReviewVersion, error) {
	if _, err := db.Incident(ctx, scope, key); err != nil {
		return nil, err
	}
	var rows []reviewVersionRow
	if err := db.read(ctx).Where("incident = ?", string(key)).Order("number").Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := make([]domain.ReviewVersion, len(rows))
	for n, row := range rows {
		var err error
		if out[n], err = row.version(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ReviewVersion returns one published version.
func (db *DB) ReviewVersion(ctx context.Context, scope domain.Scope, key domain.IncidentKey, number int) (domain.ReviewVersion, error) {
	if _, err := db.Incident(ctx, scope, key); err != nil {
		return domain.ReviewVersion{}, err
	}
	var row reviewVersionRow
	if err := db.point(ctx).Where("incident = ? AND number = ?", string(key), number).Take(&row).Error; err != nil {
		return domain.ReviewVersion{}, asDomain(found(err, "version", strconv.Itoa(number)))
	}
	return row.version()
}

// reviewHeadRow is an incident with the state of its review.
type reviewHeadRow struct {
	Num       int64
	Team      ref
	State     string
	Reason    string
	Published int64
}

// Reviews lists incidents with the state of their review, the latest key first.
func (db *DB) Reviews(ctx context.Context, scope domain.Scope, f domain.ReviewFilter, page domain.Page) (domain.List[domain.ReviewHead], error) {
	none := domain.List[domain.ReviewHead]{Total: -1}
	c := reviewConditions(scope, f)
	total := -1
	from := " FROM incidents LEFT JOIN reviews ON reviews.incident = incidents.key"
	if page.WithTotal {
		if err := db.read(ctx).Raw("SELECT count(*)"+from+c.where(), c.args...).Scan(&total).Error; err != nil {
			return none, asDomain(err)
		}
	}
	identity := fmt.Sprintf("reviews %+v %+v", scope, f)
	if page.Cursor != "" {
		values, err := db.cursors.decode(identity, page.Cursor, 1)
		if err != nil {
			return none, err
		}
		c.add("num < ?", values[0])
	}
	limit := pageLimit(page.Limit)
	var rows []reviewHeadRow
	query := "SELECT num, team, COALESCE(reviews.state, 'none') AS state, COALESCE(reviews.reason, '') AS reason, COALESCE(published, 0) AS published"
	if err := db.read(ctx).Raw(query+from+c.where()+" ORDER BY num DESC LIMIT ?", append(c.args, limit+1)...).Scan(&rows).Error; err != nil {
		return none, asDomain(err)
	}
	list := domain.List[domain.ReviewHead]{Total: total}
	if len(rows) > limit {
		rows = rows[:limit]
		list.NextCursor = db.cursors.encode(identity, []any{rows[limit-1].Num})
	}
	nums := make([]int64, len(rows))
	for n, row := range rows {
		nums[n] = row.Num
	}
	incidents := map[int64]domain.Incident{}
	if len(nums) > 0 {
		var stored []incidentRow
		if err := db.read(ctx).Where("num IN ?", padded(nums)).Find(&stored).Error; err != nil {
			return none, asDomain(err)
		}
		for _, row := range stored {
			i, err := row.incident()
			if err != nil {
				return none, err
			}
			incidents[row.Num] = i
		}
	}
	for _, row := range rows {
		h := domain.ReviewHead{Incident: incidents[row.Num], State: domain.ReviewState(row.State), Reason: row.Reason, Published: int(row.Published)}
		if !scope.Allows(domain.TeamID(row.Team)) { // what has become of it since is the other team's
			h.State, h.Reason, h.Foreign = domain.ReviewPublished, "", true
			h.Incident = domain.Incident{Key: h.Incident.Key, Title: h.Incident.Title, Severity: h.Incident.Severity, StartedAt: h.Incident.StartedAt}
		}
		list.Items = append(list.Items, h)
	}
	return list, nil
}

func reviewConditions(scope domain.Scope, f domain.ReviewFilter) conditions {
	c := ownConditions(scope, f)
	if f.SharedWith != "" && !f.Missing && !scope.All && (len(f.State) == 0 || slices.Contains(f.State, domain.ReviewPublished)) {
		c = either(c, sharedConditions(scope, f))
	}
	if !f.From.IsZero() {
		c.add("COALESCE(started_at, incidents.created_at) >= ?", int64(newInstant(f.From)))
	}
	if !f.To.IsZero() {
		c.add("COALESCE(started_at, incidents.created_at) < ?", int64(newInstant(f.To)))
	}
	return c
}

func ownConditions(scope domain.Scope, f domain.ReviewFilter) (c conditions) {
	c.scope(scope)
	oneOf(&c, "COALESCE(reviews.state, 'none')", f.State)
	if f.Missing {
		c.add("incidents.status <> 'dismissed' AND COALESCE(reviews.state, 'none') NOT IN ('published', 'archived', 'not_required')")
	}
	c.words(f.Query, heldBy, "incidents.title", "incidents.key", "COALESCE(reviews.words, '')")
	return c
}

// sharedConditions select what other teams share with a role, by its published words.
func sharedConditions(scope domain.Scope, f domain.ReviewFilter) (c conditions) {
	c.notIn(scope)
	c.add("published > 0 AND shared_with LIKE ?", `%"`+string(f.SharedWith)+`"%`)
	c.words(f.Query, "", "incidents.title", "incidents.key", "published_words")
	return c
}

// heldBy asks for a review in which somebody of the directory had a role; the
// name is compared in the place of the verb.
const heldBy = `EXISTS (SELECT 1 FROM people WHERE %s AND reviews.entries LIKE '%%_id":"' || people.id || '"%%')`

// words limits to rows in which every word stands in one of the columns or in
// the name that among asks for, if any, in any letter case. Reviews are hundreds,
// not hundreds of thousands: reading their text costs less than keeping an index
// of it. SQLite's lower knows ASCII only; fold, which knows every script, is used
// for words that need it.
func (c *conditions) words(query, among string, columns ...string) {
	for word := range strings.FieldsSeq(query) {
		lower := "lower("
		if strings.ContainsFunc(word, func(r rune) bool { return r > unicode.MaxASCII }) {
			lower = "fold("
		}
		pattern := "%" + escapeLike(strings.ToLower(word)) + "%"
		alternatives := make([]string, len(columns))
		args := make([]any, len(columns))
		for n, column := range columns {
			alternatives[n] = lower + column + `) LIKE ? ESCAPE '\'`
			args[n] = pattern
		}
		if among != "" {
			alternatives = append(alternatives, fmt.Sprintf(among, lower+`people.name) LIKE ? ESCAPE '\'`))
			args = append(args, pattern)
		}
		c.add(strings.Join(alternatives, " OR "), args...)
	}
}
