package store

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/followthrough/followthrough/domain"
)

// A common service, cause or word hits nearly every incident, and all hits have
// to be looked at before the best of them are known. Therefore only so many of
// the latest incidents are searched.
const (
	recentByTerms = 10_000
	recentByWords = 3_000
)

// latest is the condition that a number belongs to so many of the latest incidents.
const latest = " > (SELECT max(num) FROM incidents) - ?"

// KinOf returns incidents that may be related to others by a service with a
// cause or fingerprint in common (the latest first), or by words (the best match
// of bm25 or ts_rank first; the title weighs more): so many of each, in one
// query. One that is both comes twice.
func (db *DB) KinOf(ctx context.Context, scope domain.Scope, kin domain.Kinship, limit int) ([]domain.Incident, error) {
	var parts []string
	var args []any
	for _, part := range []func() (string, []any){
		func() (string, []any) { return kinByTerms(scope, kin, limit) },
		func() (string, []any) { return kinByWords(scope, kin, limit, db.onPostgres()) },
	} {
		if sql, more := part(); sql != "" {
			parts, args = append(parts, "SELECT * FROM ("+sql+") AS part"), append(args, more...)
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	var rows []incidentRow
	if err := db.read(ctx).Raw(strings.Join(parts, " UNION ALL "), args...).Scan(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	return incidentsOf(rows)
}

func (c *conditions) began(kin domain.Kinship) {
	c.add("started_at >= ? AND started_at < ?", int64(newInstant(kin.From)), int64(newInstant(kin.To)))
}

func kinByTerms(scope domain.Scope, kin domain.Kinship, limit int) (string, []any) {
	if len(kin.Services) == 0 || len(kin.Causes)+len(kin.Fingerprints) == 0 {
		return "", nil
	}
	const holding = "num IN (SELECT incident FROM incident_terms WHERE kind = ? AND term IN ? AND incident" + latest + ")"
	var c conditions
	c.scope(scope)
	c.began(kin)
	c.add(holding, "service", paddedTexts(slices.Clone(kin.Services)), recentByTerms)
	shared, args := []string{}, []any{}
	if len(kin.Causes) > 0 {
		shared, args = append(shared, holding), append(args, "cause", paddedTexts(spellings(kin.Causes)), recentByTerms)
	}
	if len(kin.Fingerprints) > 0 {
		shared, args = append(shared, "fingerprint IN ?"), append(args, paddedTexts(slices.Clone(kin.Fingerprints)))
	}
	c.add(strings.Join(shared, " OR "), args...)
	return "SELECT * FROM incidents" + c.where() + " ORDER BY started_at DESC, num DESC LIMIT ?", append(c.args, limit)
}

// spellings are the ways people write the same causes: as given, in small
// letters, with a capital first. An index finds these; folding every term would
// read them all.
func spellings(causes []string) []string {
	var out []string
	for _, cause := range causes {
		small := strings.ToLower(cause)
		first, size := utf8.DecodeRuneInString(small)
		out = append(out, cause, small, string(unicode.ToUpper(first))+small[size:])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func kinByWords(scope domain.Scope, kin domain.Kinship, limit int, postgres bool) (string, []any) {
	var plain []string
	for _, word := range kin.Words {
		plain = append(plain, wordsOf(word)...)
	}
	if len(plain) == 0 {
		return "", nil
	}
	var c conditions
	c.scope(scope)
	c.began(kin)
	if postgres {
		query := strings.Join(plain, " | ")
		c.add("num"+latest+" AND t.words @@ to_tsquery('simple', ?)", recentByWords, query)
		return "SELECT incidents.* FROM incidents JOIN incidents_text AS t USING (num)" + c.where() +
			" ORDER BY ts_rank(t.words, to_tsquery('simple', ?)) DESC, num DESC LIMIT ?", append(c.args, query, limit)
	}
	query := `"` + strings.Join(plain, `" OR "`) + `"`
	return "SELECT incidents.* FROM (SELECT rowid AS hit, bm25(incidents_text, 4.0, 1.0) AS score FROM incidents_text WHERE incidents_text MATCH ? AND rowid" + latest + ") " +
		"CROSS JOIN incidents ON num = hit" + c.where() + " ORDER BY score, num DESC LIMIT ?", append(append([]any{query, recentByWords}, c.args...), limit)
}

// Unlinked returns the latest incidents that began in a span of time and are
// neither linked with an earlier one nor dismissed.
func (db *DB) Unlinked(ctx context.Context, scope domain.Scope, span domain.Kinship, limit int) ([]domain.Incident, error) {
	var c conditions
	c.scope(scope)
	c.began(span)
	c.add("recurrence_of IS NULL AND status <> ?", string(domain.IncidentDismissed))
	var rows []incidentRow
	err := db.read(ctx).Raw("SELECT * FROM incidents"+c.where()+" ORDER BY started_at DESC, num DESC LIMIT ?", append(c.args, limit)...).Scan(&rows).Error
	if err != nil {
		return nil, asDomain(err)
	}
	return incidentsOf(rows)
}

// Recurrences returns the incidents that name one as their earlier one, the
// first to begin first.
func (db *DB) Recurrences(ctx context.Context, scope domain.Scope, of domain.IncidentKey, limit int) ([]domain.Incident, error) {
	var c conditions
	c.scope(scope)
	c.add("recurrence_of = ?", string(of))
	var rows []incidentRow
	err := db.read(ctx).Raw("SELECT * FROM incidents"+c.where()+" ORDER BY COALESCE(started_at, 0), num LIMIT ?", append(c.args, limit)...).Scan(&rows).Error
	if err != nil {
		return nil, asDomain(err)
	}
	return incidentsOf(rows)
}

// NotesOf returns the history rows of one field of some incidents, in the order
// they were written.
func (db *DB) NotesOf(ctx context.Context, scope domain.Scope, keys []domain.IncidentKey, field string) ([]domain.Change, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var c conditions
	c.add("subject = ? AND key IN ? AND field = ?", string(domain.SubjectIncident), paddedTexts(texts(keys)), field)
	if !scope.All {
		var team conditions
		team.scope(scope)
		c.add("key IN (SELECT key FROM incidents"+team.where()+")", team.args...)
	}
	rows, err := db.scanChanges(ctx, changeRow{}, without("external", "request"), " FROM history"+c.where()+" ORDER BY seq", c.args, make([]domain.Change, 0, len(keys)))
	return rows, asDomain(err)
}

// CausesBetween returns, by cause, the incidents that began in a span of time
// and were not dismissed, the first to begin first.
func (db *DB) CausesBetween(ctx context.Context, scope domain.Scope, from, to time.Time) (map[string][]domain.Incident, error) {
	var c conditions
	c.scope(scope)
	c.began(domain.Kinship{From: from, To: to})
	c.add("status <> ?", string(domain.IncidentDismissed))
	var rows []struct {
		Term, Key string
		StartedAt instant
	}
	err := db.read(ctx).Raw("SELECT t.term, incidents.key, incidents.started_at FROM incidents JOIN incident_terms AS t ON t.incident = num AND t.kind = 'cause'"+
		c.where()+" ORDER BY started_at, num", c.args...).Scan(&rows).Error
	out := map[string][]domain.Incident{}
	for _, row := range rows {
		out[row.Term] = append(out[row.Term], domain.Incident{Key: domain.IncidentKey(row.Key), StartedAt: row.StartedAt.time()})
	}
	return out, asDomain(err)
}

// FirstIncident returns when the first incident was registered; zero when there
// is none. The whole organisation's.
func (db *DB) FirstIncident(ctx context.Context) (time.Time, error) {
	var first instant
	err := db.read(ctx).Raw("SELECT created_at FROM incidents ORDER BY num LIMIT 1").Scan(&first).Error
	return first.time(), asDomain(err)
}
