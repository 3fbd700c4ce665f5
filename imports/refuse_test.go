package imports_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
)

// read imports one file given as text.
func read(name, text string, o imports.Options) (imports.Result, error) {
	if o.Now.IsZero() {
		o.Now = realNow()
	}
	return imports.Read([]imports.File{{Name: name, Data: strings.NewReader(text)}}, o)
}

// repeat gives n bytes without holding them.
type repeat struct {
	b byte
	n int64
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	size := min(int64(len(p)), r.n)
	for i := range p[:size] {
		p[i] = r.b
	}
	r.n -= size
	return int(size), nil
}

// TestRefusals: bad input is refused as a whole, with a sentence that names the
// file, the line, the column and what to do.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		charset    string
		want       []string // parts of the message
	}{
		"no extension":        {file: "list.xyz", text: "hello", want: []string{"list.xyz", "use the extension .csv, .json, .md or .txt"}},
		"empty table":         {file: "a.csv", text: "", want: []string{"a.csv: is empty; the first line names the columns"}},
		"only a header":       {file: "a.csv", text: "incident_id,title,severity\n", want: []string{"a.csv: has neither an incident nor a measure"}},
		"foreign columns":     {file: "a.csv", text: "a,b\n1,2\n", want: []string{"a.csv line 1", `the columns "a", "b" say neither incidents nor measures`}},
		"column twice":        {file: "a.csv", text: "title,owner,Assignee\nx,y,z\n", want: []string{"a.csv line 1, Assignee", "stands for the same column as an earlier one, owner"}},
		"fields missing":      {file: "a.csv", text: "title,owner\nx,y\nx\n", want: []string{"a.csv line 3: has 1 fields, the header has 2"}},
		"quote not closed":    {file: "a.csv", text: "title,owner\nx,\"y\n", want: []string{"a.csv line 2", "the quotes of this row do not match"}},
		"quote in a field":    {file: "a.csv", text: "title,owner\nx,y\nx\"y,z\n", want: []string{"a.csv line 3", `write " inside a field as ""`}},
		"NUL byte":            {file: "a.csv", text: "title,owner\nx,y\na\x00b,z\n", want: []string{"a.csv: has a NUL byte in line 3"}},
		"UTF-16 without mark": {file: "a.csv", text: "t\x00i\x00", want: []string{"a.csv: has a NUL byte in line 1", "UTF-16 without a mark"}},
		"half of UTF-16":      {file: "a.csv", text: "\xFF\xFEt", want: []string{"a.csv: starts like UTF-16, but cannot be read as such; save it as UTF-8"}},
		"control character":   {file: "a.csv", text: "title,owner\nx,a\x1b[31m\n", want: []string{"a.csv line 2, owner", "contains the control character U+001B"}},
		"windows bytes":       {file: "a.csv", text: "title,owner\nMa\xDFnahme,y\n", want: []string{"a.csv: is not UTF-8 text (byte 0xDF in line 2)", "declare the charset windows-1252"}},
		"unknown charset":     {file: "a.csv", text: "title,owner\nx,y\n", charset: "ebcdic", want: []string{`charset "ebcdic" is not known; use utf-8 or windows-1252`}},
		"formula as a date":   {file: "a.csv", text: "title,due_on\nx,=TODAY()\n", want: []string{`a.csv line 2, due_on: "=TODAY()" is not a date; write YYYY-MM-DD`}},
		"formula as priority": {file: "a.csv", text: "title,priority\nx,\"=IF(A1,\"\"P0\"\",1)\"\n", want: []string{"a.csv line 2, priority", "use one of P0, P1, P2, P3, P4"}},
		"impossible date":     {file: "a.csv", text: "title,due_on\nx,2026-02-30\n", want: []string{`a.csv line 2, due_on: "2026-02-30" is not a date`}},
		"unknown status":      {file: "a.csv", text: "title,status,owner\nx,perhaps,y\n", want: []string{"a.csv line 2, status", `"perhaps" is not accepted`, "leave it empty where it is unknown"}},
		"cancelled, no why":   {file: "a.csv", text: "title,status,owner\nx,cancelled,y\n", want: []string{"a.csv line 2, closure_reason", "a cancelled measure says why"}},
		"future":              {file: "a.csv", text: "title,done_at,status\nx,2031-01-01T00:00:00Z,done\n", want: []string{"a.csv line 2, done_at: 2031-01-01T00:00:00Z lies in the future"}},
		"empty title":         {file: "a.csv", text: "title,owner\n,y\n", want: []string{"a.csv line 2, title: is empty"}},
		"id twice":            {file: "a.csv", text: "action_id,title\nA1,x\nA1,y\n", want: []string{"a.csv line 3, action_id", `"A1" stands already in a.csv line 2`}},
		"incident without id": {file: "a.csv", text: "title,severity\nx,SEV1\n", want: []string{"a.csv line 2, incident_id: is empty"}},
		"long description":    {file: "a.csv", text: "title,description,owner\nx," + strings.Repeat("d", 63_001) + ",y\n", want: []string{"a.csv line 2, description: has 63039 characters; at most 63000"}},
		"huge cell":           {file: "a.csv", text: "title,owner\n" + strings.Repeat("[", 1<<20) + ",y\n", want: []string{"a.csv line 2, title: has 1048576 bytes; at most 252000"}},
		"too many columns":    {file: "a.csv", text: "title" + strings.Repeat(",a", 600) + "\n", want: []string{"a.csv line 1: has 601 columns; at most 500"}},
		"too many rows":       {file: "a.csv", text: "title,owner\n" + strings.Repeat("x,y\n", imports.MaxRows+1), want: []string{"a.csv line 100002: is beyond the limit of 100000 rows"}},
		"anomaly of nobody":   {file: "a.csv", text: "incident_id,field,value_in_source\nX,resolved,1\n", want: []string{"a.csv line 2, incident_id", "is not an incident of this import"}},

		"empty JSON":       {file: "a.json", text: "", want: []string{"a.json line 1: is not JSON"}},
		"broken JSON":      {file: "a.json", text: "{\n\"measures\": [\n{]}", want: []string{"a.json line 3: is not JSON"}},
		"JSON behind JSON": {file: "a.json", text: "[]\n[]", want: []string{"a.json line 2: is not JSON"}},
		"JSON number":      {file: "a.json", text: "7", want: []string{"a.json line 1: is not a JSON object"}},
		"member twice":     {file: "a.json", text: "{\"measures\":[{\"title\":\"x\",\n\"title\":\"y\"}]}", want: []string{"a.json line 2, title: is given twice in one object"}},
		"member again":     {file: "a.json", text: `{"measures":[{"owner":"","title":"x","assignee":"y"}]}`, want: []string{"a.json line 1, assignee", "stands for the same column as an earlier member, owner"}},
		"object as text":   {file: "a.json", text: `{"measures":[{"title":{"de":"x"}}]}`, want: []string{"a.json line 1, title: is an object; a text is expected"}},
		"numbers as list":  {file: "a.json", text: `{"measures":[{"title":"x","links":[1]}]}`, want: []string{"a.json line 1, links: is a list; every entry is a text"}},
		"row is no object": {file: "a.json", text: "{\"measures\":[\n1]}", want: []string{"a.json line 2: is not a JSON object"}},
		"NUL in JSON":      {file: "a.json", text: `{"measures":[{"title":"a\u0000b"}]}`, want: []string{"a.json line 1, title: contains the control character U+0000"}},
		"half a surrogate": {file: "a.json", text: `{"measures":[{"title":"a\ud800b"}]}`, want: []string{"a.json line 1, title: has half a surrogate pair"}},
		"odd metric":       {file: "a.json", text: `{"measures":[{"title":"x","success_metric":{"goal":5}}]}`, want: []string{"a.json line 1, success_metric.goal: is not accepted; a success metric has name"}},
		"metric no number": {file: "a.json", text: `{"measures":[{"title":"x","success_metric":{"name":"n","target":"5 min"}}]}`, want: []string{"success_metric.target", `"5 min" is not a number`}},
		"many members":     {file: "a.json", text: "{\"measures\":[{" + manyMembers(600) + "}]}", want: []string{"an object has at most 500"}},
		"deep JSON":        {file: "a.json", text: strings.Repeat("[", 20_000), want: []string{"a.json line 1: is not JSON"}},

		"large report":        {file: "a.md", text: "# A\n" + strings.Repeat("x", imports.MaxReport), want: []string{"a.md: has 524292 bytes; a report has at most 524288"}},
		"nested quotes":       {file: "a.md", text: "# A\n" + strings.Repeat("> ", 1_000) + "x\n", want: []string{"a.md line 2: is nested more than 50 deep"}},
		"nested lists":        {file: "a.md", text: "# A\n" + strings.Repeat("- ", 1_000) + "x\n", want: []string{"a.md line 2: is nested more than 50 deep"}},
		"only links":          {file: "a.md", text: "# A\n" + strings.Repeat("[a](", 6_000), want: []string{"a.md: has more than 5000 links"}},
		"control in a report": {file: "a.md", text: "# A\n## Action items\n- fix \x07 it\n", want: []string{"a.md line 3, title: contains the control character U+0007"}},
		"control in a text":   {file: "a.txt", text: "A\nAction Items\n1. fix \x07 it\n", want: []string{"a.txt line 3, title: contains the control character U+0007"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(c.file, c.text, imports.Options{Charset: c.charset})
			if !errors.Is(err, domain.ErrInvalid) {
				t.Fatalf("err = %v, want a refusal; got %d incidents, %d measures", err, len(got.Batch.Incidents), len(got.Batch.Measures))
			}
			if len(got.Batch.Incidents)+len(got.Batch.Measures) > 0 {
				t.Error("a refused import hands over a batch")
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("message %q does not say %q", err, part)
				}
			}
			if len(err.Error()) > 4_000 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

func manyMembers(n int) string {
	var parts []string
	for i := range n {
		parts = append(parts, `"m`+strings.Repeat("x", i)+`":1`)
	}
	return strings.Join(parts, ",")
}

// TestLargeLine: a line of 100 MB ends the reading at the limit.
func TestLargeLine(t *testing.T) {
	source := &repeat{b: 'x', n: 100 << 20}
	_, err := imports.Read([]imports.File{{Name: "a.csv", Data: source}}, imports.Options{Now: realNow()})
	if err == nil || !strings.Contains(err.Error(), "a.csv: the import is larger than 50 MiB; split it") {
		t.Errorf("err = %v", err)
	}
	if source.n < 40<<20 {
		t.Errorf("%d bytes are left unread, want nearly half", source.n)
	}
}

// TestLimitOverFiles: the limit holds for all files together.
func TestLimitOverFiles(t *testing.T) {
	half := func(name string) imports.File {
		return imports.File{Name: name, Data: &repeat{b: '\n', n: imports.MaxBytes/2 + 1}}
	}
	_, err := imports.Read([]imports.File{half("a.csv"), half("b.csv")}, imports.Options{Now: realNow()})
	if err == nil || !strings.Contains(err.Error(), "b.csv: the import is larger than 50 MiB") {
		t.Errorf("err = %v", err)
	}
}

// TestEveryBadRow: one bad row refuses the good ones too, and every bad row is named.
func TestEveryBadRow(t *testing.T) {
	_, err := read("a.csv", "title,due_on,priority\ngood,2026-12-01,P1\nbad,tomorrow,P9\n\"two\nlines\",,\nbad,,P8\n", imports.Options{})
	var e *domain.Error
	if !errors.As(err, &e) {
		t.Fatalf("err = %v", err)
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Field)
	}
	if want := "a.csv line 3, priority|a.csv line 3, due_on|a.csv line 6, priority"; strings.Join(got, "|") != want {
		t.Errorf("named %q", got)
	}
}

// TestAccepted: what looks odd and is clear is read.
func TestAccepted(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		charset    string
		title      string
	}{
		"mark of UTF-8":        {file: "a.csv", text: "\xEF\xBB\xBFtitle,owner\nfix,x\n", title: "fix"},
		"mark beats charset":   {file: "a.csv", text: "\xEF\xBB\xBFtitle,owner\nMaß,x\n", charset: "windows-1252", title: "Maß"},
		"UTF-16 little endian": {file: "a.csv", text: "\xFF\xFEt\x00i\x00t\x00l\x00e\x00,\x00o\x00w\x00n\x00e\x00r\x00\n\x00\xDF\x00,\x00x\x00", title: "ß"},
		"UTF-16 big endian":    {file: "a.csv", text: "\xFE\xFF\x00t\x00i\x00t\x00l\x00e\x00,\x00o\x00w\x00n\x00e\x00r\x00\n\x00\xDF\x00,\x00x", title: "ß"},
		"declared charset":     {file: "a.csv", text: "title,owner\nMa\xDFnahme,x\n", charset: "Windows-1252", title: "Maßnahme"},
		"mixed line ends":      {file: "a.csv", text: "title,owner\r\nfix,x\rfix too,y\nand this,z\r\n", title: "fix"},
		"line end in a field":  {file: "a.csv", text: "title,owner\r\n\"fix\r\nit\",x\r\n", title: "fix it"},
		"semicolons":           {file: "a.csv", text: "title;owner\nfix, then test;x\n", title: "fix, then test"},
		"tabs":                 {file: "a.tsv", text: "title\towner\nfix\tx\n", title: "fix"},
		"separator line":       {file: "a.csv", text: "sep=;\ntitle;owner\nfix;x\n", title: "fix"},
		"German header":        {file: "a.csv", text: "Maßnahme,Verantwortlich,Fällig\nfix,x,01.12.2026\n", title: "fix"},
		"empty lines":          {file: "a.csv", text: "title,owner\n\n , \nfix,x\n", title: "fix"},
		"formula as a text":    {file: "a.csv", text: "title,owner\n=1+2,x\n", title: "=1+2"},
		"guarded formula":      {file: "a.csv", text: "key,title,owner\nM-1,'=1+2,x\n", title: "=1+2"},
		"apostrophe elsewhere": {file: "a.csv", text: "title,owner\n'=1+2,x\n", title: "'=1+2"},
		"JSON with a mark":     {file: "a.json", text: "\xEF\xBB\xBF[{\"title\":\"fix\",\"owner\":\"x\"}]", title: "fix"},
		"JSON by content":      {file: "a", text: " [{\"title\":\"fix\",\"owner\":\"x\"}]", title: "fix"},
		"whole surrogate pair": {file: "a.json", text: `[{"title":"\ud83d\ude00 \ufffd","owner":"x"}]`, title: "\U0001F600 \uFFFD"},
		"Markdown, CRLF":       {file: "a.md", text: "# A\r\n\r\n## Action items\r\n\r\n- fix\r\n", title: "fix"},
		"Markdown by content":  {file: "a", text: "# A\n## Action items\n- fix\n", title: "fix"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(c.file, c.text, imports.Options{Charset: c.charset})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Batch.Measures) == 0 || got.Batch.Measures[0].Measure.Title != c.title {
				t.Errorf("measures %+v, want the first titled %q", got.Batch.Measures, c.title)
			}
		})
	}
}

// TestLinesAfterOddLineEnds: the line of a bad row is the line an editor shows.
func TestLinesAfterOddLineEnds(t *testing.T) {
	_, err := read("a.csv", "title,owner,priority\r\n\"one\r\ntwo\",x,\rthree,x,\nfour,x,P9\n", imports.Options{})
	if err == nil || !strings.Contains(err.Error(), "a.csv line 5, priority") {
		t.Errorf("err = %v, want line 5", err)
	}
}

// TestRecurrenceOrder: an incident stands behind the one it recurs from, also
// when the file lists it first, and a circle is cut and named.
func TestRecurrenceOrder(t *testing.T) {
	order := func(r imports.Result) string {
		var out []string
		for _, i := range r.Batch.Incidents {
			out = append(out, i.Incident.ExternalID+"<"+i.RecurrenceOfID)
		}
		return strings.Join(out, " ")
	}
	for name, c := range map[string]struct{ rows, want, warning string }{
		"in order":   {rows: "A,a,\nB,b,A\nC,c,B\n", want: "A< B<A C<B"},
		"turned":     {rows: "C,c,B\nB,b,A\nA,a,\nD,d,\n", want: "A< B<A C<B D<"},
		"circle":     {rows: "A,a,C\nB,b,A\nC,c,B\n", want: "B< C<B A<C", warning: "B leads back to itself through A; left out"},
		"itself":     {rows: "A,a,A\n", want: "A<", warning: "cannot recur from itself"},
		"not a file": {rows: "B,b,A\n", want: "B<A"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read("a.csv", "incident_id,title,recurrence_of\n"+c.rows, imports.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if order(got) != c.want {
				t.Errorf("order %q, want %q", order(got), c.want)
			}
			said := fmt.Sprint(got.Warnings)
			if !strings.Contains(said, c.warning) {
				t.Errorf("warnings %s do not say %q", said, c.warning)
			}
		})
	}
}
