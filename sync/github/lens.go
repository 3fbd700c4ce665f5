package github

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/followthrough/followthrough/domain"
)

// The remote forms (Raw) per field:
//
//	title           the title as it stands
//	description     the text outside the block, LF, no blanks at line ends
//	status          open, open+in_progress, closed/REASON, or closed without one
//	priority        the priorities whose labels are present, P0+P2, or nothing
//	owner           the numeric account id, with a ? where no person is mapped
//	                to it, so that mapping somebody is seen as a change; or nothing
//	due_on          the line's value as typed
//	success_metric  the line's value as typed
//	incident        the key in the line, or the text where there is none

const (
	maxTitle = 256
	maxBody  = 65_536
)

// read is get of every field. A field the issue does not speak of is absent.
func (t *Tracker) read(n native, d document) map[domain.Field]domain.RemoteValue {
	fields := map[domain.Field]domain.RemoteValue{
		domain.FieldTitle:       getTitle(n.Title),
		domain.FieldDescription: getDescription(d.text()),
		domain.FieldStatus:      getStatus(statusRaw(n)),
		domain.FieldPriority:    getPriority(priorityRaw(n)),
	}
	if owner, known := t.getOwner(n); known {
		fields[domain.FieldOwner] = owner
	}
	for field, name := range map[domain.Field]string{domain.FieldDueOn: lineDue, domain.FieldMetric: lineMetric, domain.FieldIncident: lineIncident} {
		if value, there := d.line(name); there {
			fields[field] = getLine(field, value)
		}
	}
	return fields
}

// accepted asks the domain whether it would take a value, so that an
// impossible one is a state of the field and never an empty field.
func accepted(field domain.Field, v domain.RemoteValue) domain.RemoteValue {
	trial := domain.Measure{Title: "x", Status: domain.Proposed}
	if err := trial.Receive([]domain.FieldUpdate{{Field: field, Value: v.Value}}, domain.Attribution{}, time.Time{}); err != nil {
		v.State, v.Problem, v.Value = domain.FieldFailed, err.Error(), ""
	}
	return v
}

// printable drops control characters, which no other place of ours takes.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

func getTitle(raw string) domain.RemoteValue {
	return accepted(domain.FieldTitle, domain.RemoteValue{Raw: raw, Value: domain.NormalTitle(printable(raw))})
}

const cutMark = "<!-- m:cut -->"

func getDescription(raw string) domain.RemoteValue {
	v := domain.RemoteValue{Raw: raw, Value: normal(printable(decode(raw)))}
	if strings.HasSuffix(raw, cutMark) {
		v.State, v.Problem = domain.FieldDegraded, "GitHub holds a shortened text; the full one is here"
	}
	return accepted(domain.FieldDescription, v)
}

func statusRaw(n native) string {
	switch {
	case n.State == "closed" && n.Reason != "":
		return "closed/" + n.Reason
	case n.State == "closed":
		return "closed"
	case n.has(progress):
		return "open+" + progress
	}
	return "open"
}

func getStatus(raw string) domain.RemoteValue {
	value, why := domain.ProjectionOpen, domain.ClosureReason("")
	switch raw {
	case "open":
	case "open+" + progress:
		value = domain.ProjectionInProgress
	case "closed/not_planned":
		value = domain.ProjectionCancelled
	case "closed/duplicate": // of which issue, the API does not say
		value, why = domain.ProjectionCancelled, domain.Duplicate
	default:
		value = domain.ProjectionDone
	}
	return domain.RemoteValue{Raw: raw, Value: string(value), Closure: why}
}

// has reports whether a label with the meaning is present.
func (n native) has(meaning string) bool {
	return slices.ContainsFunc(n.Labels, func(l label) bool { return l.Means == meaning })
}

func priorityRaw(n native) string {
	var present []string
	for _, p := range domain.Priorities() {
		if n.has(string(p)) {
			present = append(present, string(p))
		}
	}
	return strings.Join(present, "+")
}

// getPriority reads the highest of the labels; none is deleted for that.
func getPriority(raw string) domain.RemoteValue {
	first, _, _ := strings.Cut(raw, "+")
	return domain.RemoteValue{Raw: raw, Value: first}
}

// getOwner reads the one assignee that counts: the only one a person is mapped
// to, else the first by id without a person. Several mapped ones say nothing:
// the owner stays who it is until one is left.
func (t *Tracker) getOwner(n native) (domain.RemoteValue, bool) {
	var mapped, others []account
	for _, a := range n.Assignees {
		if t.person(a) != "" {
			mapped = append(mapped, a)
		} else {
			others = append(others, a)
		}
	}
	switch {
	case len(mapped) == 1:
		return domain.RemoteValue{Raw: accountRaw(mapped[0]), Value: string(t.person(mapped[0]))}, true
	case len(mapped) > 1:
		return domain.RemoteValue{}, false
	case len(others) > 0:
		first := slices.MinFunc(others, func(a, b account) int { return int(a.ID - b.ID) })
		return domain.RemoteValue{Raw: accountRaw(first) + "?", Value: domain.ExternalPrefix + first.Login}, true
	}
	return domain.RemoteValue{}, true
}

func accountRaw(a account) string { return strconv.FormatInt(a.ID, 10) }

// person is who an account belongs to: by id, and by login only where the
// identity knows no id.
func (t *Tracker) person(a account) domain.PersonID {
	for _, i := range t.cfg.Identities {
		if i.Account != "" && i.Account == accountRaw(a) || i.Account == "" && fold(i.Login) == fold(a.Login) {
			return i.Person
		}
	}
	return ""
}

// identity is the account of a person.
func (t *Tracker) identity(p domain.PersonID) (domain.Identity, bool) {
	for _, i := range t.cfg.Identities {
		if i.Person == p {
			return i, true
		}
	}
	return domain.Identity{}, false
}

func getLine(field domain.Field, value string) domain.RemoteValue {
	v := domain.RemoteValue{Raw: value, Value: value}
	switch field {
	case domain.FieldMetric:
		v.Value = domain.ParseMetric(printable(value)).Text()
	case domain.FieldIncident:
		v.Value = ""
		if g := incidentKey.FindStringSubmatch(value); g != nil {
			v.Raw, v.Value = g[1], g[1]
		}
		return v
	case domain.FieldDueOn, domain.FieldTitle, domain.FieldDescription, domain.FieldStatus, domain.FieldPriority, domain.FieldOwner:
	}
	return accepted(field, v)
}

// Put translates a domain value to the remote form it would have on the issue.
// Where the issue says the same already, in whatever words, its own form stays.
func (t *Tracker) Put(field domain.Field, value string, on domain.Snapshot) domain.RemoteValue {
	have, known := on.Fields[field]
	if known && have.State != domain.FieldFailed && have.Value == value {
		return have
	}
	n := nativeOf(on)
	switch field {
	case domain.FieldTitle:
		return putTitle(value)
	case domain.FieldDescription:
		return getDescription(putDescription(value, parse(n.Body, on.MeasureID)))
	case domain.FieldStatus:
		return putStatus(domain.Projection(value), n)
	case domain.FieldPriority:
		return domain.RemoteValue{Raw: value, Value: value}
	case domain.FieldOwner:
		v, _ := t.putOwner(value, n)
		return v
	case domain.FieldDueOn, domain.FieldMetric, domain.FieldIncident:
		return getLine(field, value)
	}
	return have
}

func putTitle(value string) domain.RemoteValue {
	if utf8.RuneCountInString(value) <= maxTitle {
		return domain.RemoteValue{Raw: value, Value: value}
	}
	cut := strings.TrimRight(string([]rune(value)[:maxTitle-1]), " ") + "…"
	return domain.RemoteValue{Raw: cut, Value: cut, State: domain.FieldDegraded, Problem: "GitHub takes titles up to 256 characters; it holds a shortened one"}
}

// putDescription is the text that replaces what people see outside the block,
// normalised as it would be read back.
func putDescription(value string, d document) string { return normal(descriptionText(value, d)) }

// blockReserve is kept free for the managed block (A7); what remains takes the
// longest description the domain knows.
const blockReserve = maxBody - domain.MaxDescription

// descriptionText keeps people's lines as typed and shortens what GitHub would refuse.
func descriptionText(value string, d document) string {
	value = normal(value)
	old := strings.ReplaceAll(d.before+"\n\n"+d.after, "\r\n", "\n")
	out := reuse(value, old)
	limit := maxBody - blockReserve
	if d.block != nil {
		limit = min(limit, maxBody-utf8.RuneCountInString(strings.Join(d.block.lines, ""))-8)
	}
	if d.crlf {
		limit -= strings.Count(out, "\n")
	}
	if utf8.RuneCountInString(out) <= limit {
		return out
	}
	short := string([]rune(encode(value))[:limit-len(cutMark)-4])
	if at := strings.LastIndexByte(short, '\n'); at > len(short)/2 {
		short = short[:at]
	}
	return strings.TrimRight(short, " \t\n") + "\n…\n" + cutMark
}

func putStatus(p domain.Projection, n native) domain.RemoteValue {
	switch p {
	case domain.ProjectionDone:
		return closed(n, "completed", domain.ProjectionDone)
	case domain.ProjectionCancelled:
		return closed(n, "not_planned", domain.ProjectionCancelled)
	case domain.ProjectionInProgress:
		return getStatus("open+" + progress)
	case domain.ProjectionOpen:
		return getStatus("open")
	}
	return domain.RemoteValue{Raw: statusRaw(n), State: domain.FieldFailed, Problem: "GitHub has no form for the status " + string(p)}
}

// closed is a closed state. GitHub keeps the reason of an issue that is closed
// already, so a different reason alone cannot be written (T51).
func closed(n native, reason string, want domain.Projection) domain.RemoteValue {
	if n.State != "closed" {
		return domain.RemoteValue{Raw: "closed/" + reason, Value: string(want)}
	}
	v := getStatus(statusRaw(n))
	v.State, v.Problem = domain.FieldDegraded, "GitHub keeps the reason of a closed issue; it still says "+v.Raw
	return v
}

// putOwner is the remote form of an owner, and the assignees the issue would
// have: the one account that counted is replaced, everybody else stays.
func (t *Tracker) putOwner(value string, n native) (domain.RemoteValue, []account) {
	current, known := t.getOwner(n)
	if known && current.Value == value {
		return current, n.Assignees
	}
	kept := slices.DeleteFunc(slices.Clone(n.Assignees), func(a account) bool {
		return known && accountRaw(a) == current.Raw && t.person(a) != ""
	})
	if value == "" {
		return t.withoutOwner(known, n, kept)
	}
	wanted, problem := t.wanted(value, n)
	if problem != "" {
		current.State, current.Problem = domain.FieldFailed, problem
		return current, n.Assignees
	}
	if !slices.ContainsFunc(kept, func(a account) bool { return a.ID != 0 && a.ID == wanted.ID || fold(a.Login) == fold(wanted.Login) }) {
		kept = append(kept, wanted)
	}
	raw := accountRaw(wanted)
	switch {
	case wanted.ID == 0:
		raw = "@" + wanted.Login // the id is learned from the answer
	case t.person(wanted) == "":
		raw += "?"
	}
	return domain.RemoteValue{Raw: raw, Value: value}, kept
}

// withoutOwner is the remote form of no owner. Strangers stay assigned: who
// belongs to nobody here is not ours to remove.
func (t *Tracker) withoutOwner(known bool, n native, kept []account) (domain.RemoteValue, []account) {
	if !known {
		return domain.RemoteValue{State: domain.FieldFailed, Problem: "several people are assigned on GitHub; unassign them there"}, n.Assignees
	}
	left, _ := t.getOwner(native{Assignees: kept})
	if left.Value != "" {
		left.State, left.Problem = domain.FieldDegraded, "somebody else is still assigned on GitHub and belongs to nobody here"
	}
	return left, kept
}

// wanted is the account behind an owner value, with the login GitHub knows now.
func (t *Tracker) wanted(value string, n native) (account, string) {
	var a account
	if login, external := strings.CutPrefix(value, domain.ExternalPrefix); external {
		a.Login = login
	} else {
		i, ok := t.identity(domain.PersonID(value))
		if !ok {
			return a, "nobody on GitHub is mapped to " + value + "; add the identity to the person"
		}
		a.Login = i.Login
		a.ID, _ = strconv.ParseInt(i.Account, 10, 64)
	}
	for _, have := range n.Assignees {
		if a.ID != 0 && have.ID == a.ID || a.ID == 0 && fold(have.Login) == fold(a.Login) {
			return have, ""
		}
	}
	if a.ID == 0 && strings.HasPrefix(value, domain.ExternalPrefix) {
		// The name may be another tracker's, where it means somebody else (T68).
		return a, "nobody here is known as " + a.Login + "; map a person to the account on GitHub"
	}
	return a, ""
}
