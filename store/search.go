package store

import (
	"strings"
	"unicode"

	"gorm.io/gorm"
)

// search is a free-text query: every word must begin a word of the text; what
// stands together without blanks, such as acme/platform, must stand in a row.
type search struct {
	phrases phrases
	// keys are the parts that may name a row itself.
	keys  []namedKey
	empty bool // the query has text, and nothing that could be found
}

type namedKey struct {
	number int64
	text   phrases
}

// searchOf reads what a person typed. Nothing of it is syntax.
func searchOf(query, prefix string) search {
	var s search
	fields := strings.Fields(query)
	for _, field := range fields {
		words := wordsOf(field)
		number := keyNumber(strings.ToUpper(field), prefix)
		switch {
		case len(words) == 0:
		case number != 0:
			s.keys = append(s.keys, namedKey{number, phrases{words}})
		default:
			s.phrases = append(s.phrases, words)
		}
	}
	s.empty = len(fields) > 0 && len(s.phrases)+len(s.keys) == 0
	return s
}

// wordsOf splits a text as the engines do: at whatever is neither a letter, a
// mark on one, nor a digit.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
}

// phrases are words in small letters that stand in a row; all must be found.
type phrases [][]string

// sqlite is the query as FTS5 reads it; the words hold no quotes.
func (p phrases) sqlite() string {
	parts := make([]string, len(p))
	for n, words := range p {
		parts[n] = `"` + strings.Join(words, " ") + `" *`
	}
	return strings.Join(parts, " AND ")
}

// postgres is the query as to_tsquery reads it.
func (p phrases) postgres() string {
	parts := make([]string, len(p))
	for n, words := range p {
		parts[n] = "(" + strings.Join(words, " <-> ") + ":*)"
	}
	return strings.Join(parts, " & ")
}

// fewHits is up to how many hits the search leads and the list is sorted
// afterwards. More of them are so dense that walking the list in its order meets
// a page of hits sooner.
const fewHits = 2000

// find limits a listing to the hits of a query.
func (l *listing) find(db *gorm.DB, postgres bool, query, prefix string) error {
	s, index := searchOf(query, prefix), l.table+"_text"
	hits := "SELECT rowid FROM " + index + " WHERE " + index + " MATCH ?"
	asked := phrases.sqlite
	if postgres {
		hits, asked = "SELECT num FROM "+index+" WHERE words @@ to_tsquery('simple', ?)", phrases.postgres
	}
	if s.empty {
		l.add("FALSE")
	}
	for _, key := range s.keys {
		l.add("num = ? OR num IN ("+hits+")", key.number, asked(key.text))
	}
	if len(s.phrases) == 0 {
		return nil
	}
	if postgres { // it knows how many hits there will be
		l.add("num IN ("+hits+")", asked(s.phrases))
		return nil
	}
	var n int
	if err := db.Raw("SELECT count(*) FROM ("+hits+" LIMIT ?)", asked(s.phrases), fewHits+1).Scan(&n).Error; err != nil {
		return err
	}
	if n > fewHits {
		l.add("+num IN ("+hits+")", asked(s.phrases)) // the plus keeps the list in its own order
		return nil
	}
	// CROSS JOIN keeps the order of the two.
	l.table = "(SELECT rowid AS hit FROM " + index + " WHERE " + index + " MATCH ?) CROSS JOIN " + l.table + " ON num = hit"
	l.args = append([]any{asked(s.phrases)}, l.args...)
	return nil
}
