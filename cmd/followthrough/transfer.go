package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
)

func (env *environmentOf) importCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "dry-run", Usage: "check everything and write nothing"},
		&cli.StringFlag{Name: "times-in", Usage: "zone of times that are written without one, for example Europe/London (default: such times are left out)"},
		&cli.StringFlag{Name: "charset", Usage: "windows-1252 for old spreadsheet exports"},
	}
	return command("import", "bring in incidents and measures from CSV, JSON or Markdown reports, all or nothing", "FILE...", flags, env.with(env.importFiles))
}

func (env *environmentOf) importFiles(ctx context.Context, cmd *cli.Command, p *program) error {
	if !cmd.Args().Present() {
		return usageError{errors.New("name at least one file: incidents.csv, measures.csv, incidents.json or a report in Markdown")}
	}
	var files []imports.File
	for _, name := range cmd.Args().Slice() {
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("%s cannot be read: %w", name, err)
		}
		defer func() { _ = file.Close() }()
		files = append(files, imports.File{Name: filepath.Base(name), Data: file})
	}
	options := imports.Options{Now: p.now(), Charset: cmd.String("charset")}
	if zone := cmd.String("times-in"); zone != "" {
		var err error
		if options.Zone, err = time.LoadLocation(zone); err != nil {
			return usageError{fmt.Errorf("--times-in: %q is not a zone of the IANA list", zone)}
		}
	}
	bar := env.progress("importing")
	defer bar.done()
	read, err := imports.Read(files, options)
	if err != nil {
		return err
	}
	for _, w := range read.Warnings {
		fmt.Fprintln(env.stderr, "note:", w.String())
	}
	result, err := p.app.Imports.Run(ctx, operator(), read.Batch, cmd.Bool("dry-run"))
	if err != nil {
		return err
	}
	verb := "imported"
	if cmd.Bool("dry-run") {
		verb = "would be imported; nothing was written"
	}
	fmt.Fprintf(env.stdout, "%d incidents and %d measures %s", len(result.Incidents), len(result.Measures), verb)
	if result.Skipped > 0 {
		fmt.Fprintf(env.stdout, "; %d rows were there already", result.Skipped)
	}
	fmt.Fprintln(env.stdout)
	return nil
}

func (env *environmentOf) exportCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "format", Value: "ndjson", Usage: "csv, json or ndjson"},
		&cli.StringFlag{Name: "what", Value: "measures", Usage: "measures, incidents or history"},
	}
	return command("export", "write all incidents, measures or history to standard output", "", flags, env.with(env.export))
}

func (env *environmentOf) export(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	out, err := newExporter(cmd.String("format"), env.stdout)
	if err != nil {
		return err
	}
	switch what := cmd.String("what"); what {
	case "measures":
		err = exportPages(out, measureColumns(), func(page domain.Page) (domain.List[domain.Measure], error) {
			return p.app.Measures.List(ctx, operator(), domain.MeasureFilter{}, page)
		})
	case "incidents":
		err = exportPages(out, incidentColumns(), func(page domain.Page) (domain.List[domain.Incident], error) {
			return p.app.Incidents.List(ctx, operator(), domain.IncidentFilter{}, page)
		})
	case "history":
		columns := historyColumns()
		if err = out.begin(names(columns)); err == nil {
			err = p.db.EachChange(ctx, domain.Everything(), 0, func(c domain.Change) error { return exportRow(out, columns, c) })
		}
	default:
		return usageError{fmt.Errorf("--what: %q is not accepted; use measures, incidents or history", what)}
	}
	return errors.Join(err, out.end())
}

// column is one exported value of T.
type column[T any] struct {
	name  string
	value func(T) string
}

func measureColumns() []column[domain.Measure] {
	type m = domain.Measure
	return []column[m]{
		{"key", func(v m) string { return string(v.Key) }}, {"incident", func(v m) string { return string(v.Incident) }},
		{"title", func(v m) string { return v.Title }}, {"description", func(v m) string { return v.Description }},
		{"kind", func(v m) string { return string(v.Kind) }}, {"priority", func(v m) string { return string(v.Priority) }},
		{"status", func(v m) string {
			if v.StatusUnknown {
				return ""
			}
			return string(v.Status)
		}},
		{"closure_reason", func(v m) string { return string(v.ClosureReason) }}, {"duplicate_of", func(v m) string { return string(v.DuplicateOf) }},
		{"owner", func(v m) string { return string(v.Owner) }}, {"team", func(v m) string { return string(v.Team) }},
		{"due_on", func(v m) string { return v.DueOn.String() }}, {"original_due_on", func(v m) string { return v.OriginalDueOn.String() }},
		{"due_moves", func(v m) string { return fmt.Sprint(v.DueMoves) }}, {"success_metric", func(v m) string { return v.Metric.Text() }},
		{"verdict", func(v m) string { return string(v.Verdict) }}, {"created_at", func(v m) string { return stamp(v.CreatedAt) }},
		{"done_at", func(v m) string { return stamp(v.DoneAt) }}, {"verified_at", func(v m) string { return stamp(v.VerifiedAt) }},
		{"cancelled_at", func(v m) string { return stamp(v.CancelledAt) }},
	}
}

func incidentColumns() []column[domain.Incident] {
	type i = domain.Incident
	return []column[i]{
		{"key", func(v i) string { return string(v.Key) }}, {"external_id", func(v i) string { return v.ExternalID }},
		{"title", func(v i) string { return v.Title }}, {"summary", func(v i) string { return v.Summary }},
		{"severity", func(v i) string { return string(v.Severity) }}, {"status", func(v i) string { return string(v.Status) }},
		{"started_at", func(v i) string { return stamp(v.StartedAt) }}, {"detected_at", func(v i) string { return stamp(v.DetectedAt) }},
		{"mitigated_at", func(v i) string { return stamp(v.MitigatedAt) }}, {"resolved_at", func(v i) string { return stamp(v.ResolvedAt) }},
		{"services", func(v i) string { return joined(v.Services) }}, {"causes", func(v i) string { return joined(v.Causes) }},
		{"tags", func(v i) string { return joined(v.Tags) }}, {"recurrence_of", func(v i) string { return string(v.RecurrenceOf) }},
		{"external_url", func(v i) string { return v.ExternalURL }}, {"team", func(v i) string { return string(v.Team) }},
	}
}

func historyColumns() []column[domain.Change] {
	type c = domain.Change
	return []column[c]{
		{"seq", func(v c) string { return fmt.Sprint(v.Seq) }}, {"at", func(v c) string { return stamp(v.At) }},
		{"subject", func(v c) string { return string(v.Subject) }}, {"key", func(v c) string { return v.Key }},
		{"subject_seq", func(v c) string { return fmt.Sprint(v.SubjectSeq) }}, {"kind", func(v c) string { return string(v.Kind) }},
		{"field", func(v c) string { return v.Field }}, {"from", func(v c) string { return v.From }}, {"to", func(v c) string { return v.To }},
		{"source", func(v c) string { return string(v.Source) }}, {"actor", func(v c) string { return v.Actor }},
		{"on_behalf", func(v c) string { return string(v.OnBehalf) }}, {"external", func(v c) string { return v.External }},
		{"external_time", func(v c) string { return stamp(v.ExternalTime) }}, {"reason", func(v c) string { return v.Reason }},
		{"overwritten", func(v c) string { return fmt.Sprint(v.Overwritten) }},
	}
}

func exportPages[T any](out exporter, columns []column[T], list func(domain.Page) (domain.List[T], error)) error {
	if err := out.begin(names(columns)); err != nil {
		return err
	}
	page := domain.Page{Limit: 200, Sort: []string{"key"}}
	for {
		got, err := list(page)
		if err != nil {
			return err
		}
		for _, item := range got.Items {
			if err := exportRow(out, columns, item); err != nil {
				return err
			}
		}
		if page.Cursor = got.NextCursor; page.Cursor == "" {
			return nil
		}
	}
}

func exportRow[T any](out exporter, columns []column[T], item T) error {
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.value(item)
	}
	return out.row(row)
}

func names[T any](columns []column[T]) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.name
	}
	return out
}

// exporter writes rows of named texts; memory does not grow with their number.
type exporter interface {
	begin(names []string) error
	row(values []string) error
	end() error
}

func newExporter(format string, w io.Writer) (exporter, error) {
	switch format {
	case "csv":
		return &csvExporter{csv.NewWriter(w)}, nil
	case "json", "ndjson":
		return &jsonExporter{w: w, array: format == "json"}, nil
	}
	return nil, usageError{fmt.Errorf("--format: %q is not accepted; use csv, json or ndjson", format)}
}

type csvExporter struct{ *csv.Writer }

func (e *csvExporter) begin(names []string) error { return e.Write(names) }

func (e *csvExporter) row(values []string) error {
	for i := range values {
		values[i] = csvCell(values[i])
	}
	return e.Write(values)
}

func (e *csvExporter) end() error {
	e.Flush()
	return e.Error()
}

type jsonExporter struct {
	w     io.Writer
	array bool
	names []string
	rows  int
}

func (e *jsonExporter) begin(names []string) error {
	e.names = names
	if e.array {
		_, err := io.WriteString(e.w, "[")
		return err
	}
	return nil
}

func (e *jsonExporter) row(values []string) error {
	item := make(map[string]string, len(values))
	for i, v := range values {
		if v != "" {
			item[e.names[i]] = v
		}
	}
	text, err := json.Marshal(item)
	if err != nil {
		return err
	}
	separator := ""
	if e.array && e.rows > 0 {
		separator = ",\n"
	}
	e.rows++
	ending := "\n"
	if e.array {
		ending = ""
	}
	_, err = io.WriteString(e.w, separator+string(text)+ending)
	return err
}

func (e *jsonExporter) end() error {
	if !e.array {
		return nil
	}
	_, err := io.WriteString(e.w, "]\n")
	return err
}
