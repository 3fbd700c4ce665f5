package imports

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// The limits of one import, over all its files.
const (
	MaxBytes = 50 << 20
	MaxRows  = 100_000
	// MaxReport bounds one postmortem in bytes; a table may be as large as the import.
	MaxReport = 512 << 10
	// MaxCell bounds one value in bytes: the longest text of a measure, in the
	// widest characters.
	MaxCell = 4 * domain.MaxDescription
	// MaxColumns bounds the columns of a table and the members of an object.
	MaxColumns = 500
)

// File is one file of an import.
type File struct {
	// Name is what people see in messages; its extension tells the format.
	Name string
	Data io.Reader
}

// Options says how values are read that a file does not spell out.
type Options struct {
	// Now is the present; instants after it are refused.
	Now time.Time
	// Zone is the zone of times written without one. Without a zone such times
	// are left out and named in a warning.
	Zone *time.Location
	// Zones gives single sources (the column "source") a zone of their own.
	Zones map[string]*time.Location
	// Charset is the declared encoding of files that are not UTF-8:
	// "windows-1252", or empty for none.
	Charset string
}

// Warning names a value that was left out or read with a remark.
type Warning struct {
	File string
	// Line counts from 1; 0 concerns the whole file.
	Line    int
	Field   string
	Message string
}

// String is the warning in one line.
func (w Warning) String() string {
	place := w.File
	if w.Line > 0 {
		place += fmt.Sprintf(" line %d", w.Line)
	}
	if w.Field != "" {
		place += ", " + w.Field
	}
	return place + ": " + w.Message
}

// Result is what the files say.
type Result struct {
	Batch    domain.ImportBatch
	Warnings []Warning
}

// Read reads the files as one batch. It returns an ErrInvalid that names every
// bad row by file, line and column, and then no batch at all.
func Read(files []File, o Options) (Result, error) {
	b := newBuilder(o)
	names := make([]string, len(files))
	left := int64(MaxBytes)
	for n, f := range files {
		name := filepath.Base(filepath.ToSlash(f.Name))
		names[n] = name
		data, err := io.ReadAll(io.LimitReader(f.Data, left+1))
		if err != nil {
			return Result{}, fmt.Errorf("reading %s: %w", name, err)
		}
		if left -= int64(len(data)); left < 0 {
			return Result{}, domain.Errorf(domain.ErrInvalid, "%s: the import is larger than %d MiB; split it", name, MaxBytes>>20)
		}
		text, err := decode(name, data, o.Charset)
		if err != nil {
			return Result{}, err
		}
		b.read(name, text)
	}
	if len(files) == 0 {
		return Result{}, domain.Errorf(domain.ErrInvalid, "no file was given; name at least one CSV, JSON or Markdown file")
	}
	return b.finish(strings.Join(names, ", "))
}

// read reads one file by its format.
func (b *builder) read(name, text string) {
	f := formatOf(name, text)
	if (f == formatMarkdown || f == formatText) && len(text) > MaxReport {
		b.refuse(name, 0, "", "has %d bytes; a report has at most %d", len(text), MaxReport)
		return
	}
	switch f {
	case formatCSV:
		b.readCSV(name, text)
	case formatJSON:
		b.readJSON(name, text)
	case formatMarkdown:
		b.readMarkdown(name, text)
	case formatText:
		b.readPlain(name, text)
	case formatUnknown:
		b.refuse(name, 0, "", "is neither CSV, JSON nor Markdown by its name; use the extension .csv, .json, .md or .txt")
	}
}

type format int

const (
	formatUnknown format = iota
	formatCSV
	formatJSON
	formatMarkdown
	formatText
)

// formatOf goes by the extension, and by content where the name says nothing.
func formatOf(name, text string) format {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".tsv":
		return formatCSV
	case ".json":
		return formatJSON
	case ".md", ".markdown", ".mdown":
		return formatMarkdown
	case ".txt", ".text":
		return formatText
	case ".erb": // source pages of static sites, as in report.html.md.erb
		return formatMarkdown
	}
	first := strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(first, "{") || strings.HasPrefix(first, "["):
		return formatJSON
	case strings.HasPrefix(first, "#") || strings.HasPrefix(first, "---\n"):
		return formatMarkdown
	case filepath.Ext(name) == "" && len(knownColumns(splitHeader(first))) > 1:
		return formatCSV
	}
	return formatUnknown
}
