package store

import (
	"encoding/json"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/followthrough/followthrough/domain"
)

// conditions collects the WHERE of a list as text and arguments. Each part is
// joined with AND and put in brackets, so that no alternative inside a part
// can escape the scope.
type conditions struct {
	parts []string
	args  []any
}

func (c *conditions) add(sql string, args ...any) {
	c.parts = append(c.parts, "("+sql+")")
	c.args = append(c.args, args...)
}

func (c *conditions) where() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}

// scope limits to rows without a team or with one of the caller's teams.
func (c *conditions) scope(s domain.Scope) {
	switch {
	case s.All:
	case len(s.Teams) == 0:
		c.add("team IS NULL")
	default:
		c.add("team IS NULL OR team IN ?", texts(s.Teams))
	}
}

// notIn limits to what lies outside a scope that is not everything.
func (c *conditions) notIn(s domain.Scope) {
	c.add("team IS NOT NULL")
	if len(s.Teams) > 0 {
		c.add("team NOT IN ?", texts(s.Teams))
	}
}

// either are the rows that meet one group of conditions or the other.
func either(a, b conditions) (c conditions) {
	c.add("("+a.bare()+") OR ("+b.bare()+")", append(slices.Clone(a.args), b.args...)...)
	return c
}

// oneOf limits to any of the values; no values do not limit.
func oneOf[T ~string](c *conditions, column string, values []T) {
	if len(values) > 0 {
		c.add(column+" IN ?", texts(values))
	}
}

func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for n, v := range values {
		out[n] = string(v)
	}
	return out
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// pageLimit is the number of rows of a page: 50 unless told, at most 200.
func pageLimit(n int) int {
	switch {
	case n <= 0:
		return 50
	case n > 200:
		return 200
	}
	return n
}

// order is a checked sort order. The last column is unique, so pages neither
// repeat nor skip a row.
type order struct {
	names []string // as asked for
	exprs []string
	desc  []bool
}

// newOrder maps the asked-for fields to SQL through the list's fixed set.
func newOrder(sort []string, columns map[string]string, unique string) (order, error) {
	var o order
	for _, name := range sort {
		field, desc := strings.CutPrefix(name, "-")
		expr, ok := columns[field]
		if !ok {
			names := make([]string, 0, len(columns))
			for known := range columns {
				names = append(names, known)
			}
			slices.Sort(names)
			return o, domain.Invalid("sort", "%q is not accepted; use %s, with - in front for descending", name, strings.Join(names, ", "))
		}
		if slices.Contains(o.exprs, expr) {
			continue
		}
		o.names, o.exprs, o.desc = append(o.names, name), append(o.exprs, expr), append(o.desc, desc)
		if expr == unique {
			return o, nil
		}
	}
	last := len(o.desc) > 0 && o.desc[len(o.desc)-1]
	o.names, o.exprs, o.desc = append(o.names, ""), append(o.exprs, unique), append(o.desc, last)
	return o, nil
}

func (o order) sql() string {
	parts := make([]string, len(o.exprs))
	for n, expr := range o.exprs {
		parts[n] = expr
		if o.desc[n] {
			parts[n] += " DESC"
		}
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}

// after limits to the rows behind the cursor's row:
// a > x OR (a = x AND (b > y OR ...)), with a >= x in front for the index.
func (o order) after(c *conditions, values []any) {
	compare := func(n int) string {
		if o.desc[n] {
			return " < ?"
		}
		return " > ?"
	}
	last := len(o.exprs) - 1
	sql, args := o.exprs[last]+compare(last), []any{values[last]}
	for n := last - 1; n >= 0; n-- {
		sql = o.exprs[n] + compare(n) + " OR " + o.exprs[n] + " = ? AND (" + sql + ")"
		args = append([]any{values[n], values[n]}, args...)
	}
	if last > 0 {
		c.add(o.exprs[0]+strings.Replace(compare(0), " ?", "= ?", 1), values[0])
	}
	c.add(sql, args...)
}

// listing is one page query over a table: it yields the sort values and
// whatever else is selected in front of them.
type listing struct {
	name   string // of the list, for the cursor
	table  string
	filter any    // for the cursor
	number string // the unique column; empty means num
	conditions
	order order
}

// page runs the query for (num, version) pairs and returns them with the next cursor.
func (l *listing) page(db *gorm.DB, key cursorKey, page domain.Page) (heads []head, next string, err error) {
	query := l.identity()
	if page.Cursor != "" {
		values, err := key.decode(query, page.Cursor, len(l.order.exprs))
		if err != nil {
			return nil, "", err
		}
		l.order.after(&l.conditions, values)
	}
	limit, number := pageLimit(page.Limit), l.number
	if number == "" {
		number = "num"
	}
	rows, err := db.Raw("SELECT "+number+", version, "+strings.Join(l.order.exprs, ", ")+" FROM "+l.table+l.where()+l.order.sql()+" LIMIT ?",
		append(slices.Clip(l.args), limit+1)...).Rows()
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = rows.Close() }() // Err below tells
	heads = make([]head, 0, limit+1)
	values := make([]any, len(l.order.exprs))
	for rows.Next() {
		if len(heads) == limit {
			return heads, key.encode(query, values), nil
		}
		var h head
		targets := []any{&h.num, &h.version}
		for n := range values {
			targets = append(targets, &values[n])
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, "", err
		}
		heads = append(heads, h)
	}
	return heads, "", rows.Err()
}

// head is a row's number and version: enough to find it in the cache.
type head struct{ num, version int64 }

// identity names the query, so that its cursors fit no other one.
func (l *listing) identity() string {
	filter, err := json.Marshal(l.filter)
	if err != nil {
		return ""
	}
	return l.name + "\x00" + strings.Join(l.order.names, ",") + "\x00" + string(filter)
}

// count counts all rows of the list.
func (l *listing) count(db *gorm.DB) (int, error) {
	var n int
	err := db.Raw("SELECT count(*) FROM "+l.table+l.where(), l.args...).Scan(&n).Error
	return n, err
}

// bare is the condition without the word WHERE, for GORM's Where.
func (c *conditions) bare() string {
	if len(c.parts) == 0 {
		return "TRUE"
	}
	return strings.Join(c.parts, " AND ")
}
