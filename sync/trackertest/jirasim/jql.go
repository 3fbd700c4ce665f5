package jirasim

import (
	"fmt"
	"strings"
)

// query is a parsed JQL statement: conditions joined by AND, and an order.
type query struct {
	terms []term
	order []sortKey
}

// term is one condition, or several joined by OR.
type term struct {
	field  string
	op     string
	values []value
	any    []query
}

// value is one operand; quoted ones are dates in the account's zone where a
// bare number would be epoch milliseconds.
type value struct {
	text   string
	quoted bool
}

type sortKey struct {
	field string
	desc  bool
}

// jqlToken is a word, a string or a sign, with where it stood.
type jqlToken struct {
	text   string
	quoted bool
	sign   bool
	at     int
}

type jqlError struct{ message string }

func (e jqlError) Error() string { return e.message }

func lexJQL(s string) ([]jqlToken, error) {
	var out []jqlToken
	for i := 0; i < len(s); {
		ch := s[i]
		switch {
		case strings.IndexByte(" \t\r\n", ch) >= 0:
			i++
		case ch == '"' || ch == '\'':
			var b strings.Builder
			j := i + 1
			for j < len(s) && s[j] != ch {
				if s[j] == '\\' && j+1 < len(s) {
					j++
				}
				b.WriteByte(s[j])
				j++
			}
			if j >= len(s) {
				return nil, jqlError{fmt.Sprintf("Error in the JQL Query: The quoted string '%s' has not been completed. (line 1, character %d)", s[i+1:], i+1)}
			}
			out = append(out, jqlToken{text: b.String(), quoted: true, at: i})
			i = j + 1
		case strings.IndexByte("(),", ch) >= 0:
			out = append(out, jqlToken{text: string(ch), sign: true, at: i})
			i++
		case strings.IndexByte("=!<>~", ch) >= 0:
			j := i + 1
			if j < len(s) && (s[j] == '=' || s[j] == '~') {
				j++
			}
			out = append(out, jqlToken{text: s[i:j], sign: true, at: i})
			i = j
		default:
			j := i
			for j < len(s) && strings.IndexByte(" \t\r\n\"'(),=!<>~", s[j]) < 0 {
				j++
			}
			out = append(out, jqlToken{text: s[i:j], at: i})
			i = j
		}
	}
	return out, nil
}

type jqlParser struct {
	tokens []jqlToken
	at     int
}

func parseJQL(s string) (query, error) {
	tokens, err := lexJQL(s)
	if err != nil {
		return query{}, err
	}
	p := &jqlParser{tokens: tokens}
	var q query
	if len(tokens) > 0 && !p.word("order") {
		if q.terms, err = p.and(); err != nil {
			return query{}, err
		}
	}
	if p.at < len(tokens) {
		if q.order, err = p.orderBy(); err != nil {
			return query{}, err
		}
	}
	if p.at < len(tokens) {
		return query{}, p.unexpected()
	}
	return q, nil
}

func (p *jqlParser) peek() jqlToken {
	if p.at >= len(p.tokens) {
		return jqlToken{}
	}
	return p.tokens[p.at]
}

func (p *jqlParser) word(w string) bool {
	t := p.peek()
	return !t.quoted && !t.sign && strings.EqualFold(t.text, w)
}

func (p *jqlParser) sign(s string) bool {
	t := p.peek()
	return t.sign && t.text == s
}

func (p *jqlParser) accept(ok bool) bool {
	if ok {
		p.at++
	}
	return ok
}

func (p *jqlParser) unexpected() error {
	if p.at >= len(p.tokens) {
		return jqlError{"Error in the JQL Query: The query ended unexpectedly."}
	}
	t := p.tokens[p.at]
	return jqlError{fmt.Sprintf("Error in the JQL Query: Expecting operator but got '%s'. The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'. (line 1, character %d)", t.text, t.at+1)}
}

func (p *jqlParser) and() ([]term, error) {
	var out []term
	for {
		t, err := p.or()
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		if !p.accept(p.word("and")) {
			return out, nil
		}
	}
}

// or parses a condition or a bracket. OR is only accepted inside brackets,
// where its reach is beyond doubt.
func (p *jqlParser) or() (term, error) {
	if !p.accept(p.sign("(")) {
		return p.condition()
	}
	var t term
	for {
		terms, err := p.and()
		if err != nil {
			return term{}, err
		}
		t.any = append(t.any, query{terms: terms})
		if !p.accept(p.word("or")) {
			break
		}
	}
	if !p.accept(p.sign(")")) {
		return term{}, p.unexpected()
	}
	return t, nil
}

func (p *jqlParser) condition() (term, error) {
	f := p.peek()
	if f.text == "" || f.sign {
		return term{}, p.unexpected()
	}
	p.at++
	t := term{field: f.text}
	switch {
	case p.accept(p.word("in")):
		t.op = "in"
	case p.accept(p.word("not")):
		if !p.accept(p.word("in")) {
			return term{}, p.unexpected()
		}
		t.op = "not in"
	case p.accept(p.word("is")):
		t.op = "="
		if p.accept(p.word("not")) {
			t.op = "!="
		}
	case p.peek().sign && strings.IndexByte("=!<>~", p.peek().text[0]) >= 0:
		t.op = p.peek().text
		p.at++
	default:
		return term{}, p.unexpected()
	}
	if t.op != "in" && t.op != "not in" {
		v, err := p.operand()
		t.values = []value{v}
		return t, err
	}
	if !p.accept(p.sign("(")) {
		return term{}, p.unexpected()
	}
	for {
		v, err := p.operand()
		if err != nil {
			return term{}, err
		}
		t.values = append(t.values, v)
		if p.accept(p.sign(")")) {
			return t, nil
		}
		if !p.accept(p.sign(",")) {
			return term{}, p.unexpected()
		}
	}
}

func (p *jqlParser) operand() (value, error) {
	t := p.peek()
	if t.text == "" && !t.quoted || t.sign {
		return value{}, p.unexpected()
	}
	p.at++
	if p.accept(p.sign("(")) {
		if !p.accept(p.sign(")")) {
			return value{}, p.unexpected()
		}
		return value{text: t.text + "()"}, nil
	}
	return value{text: t.text, quoted: t.quoted}, nil
}

func (p *jqlParser) orderBy() ([]sortKey, error) {
	if !p.accept(p.word("order")) || !p.accept(p.word("by")) {
		return nil, p.unexpected()
	}
	var out []sortKey
	for {
		t := p.peek()
		if t.text == "" || t.sign {
			return nil, p.unexpected()
		}
		p.at++
		k := sortKey{field: strings.ToLower(t.text)}
		if p.accept(p.word("desc")) {
			k.desc = true
		} else {
			p.accept(p.word("asc"))
		}
		out = append(out, k)
		if !p.accept(p.sign(",")) {
			return out, nil
		}
	}
}
