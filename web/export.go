package web

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/xuri/excelize/v2"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/templates"
)

// maxExport is how many rows an export of a view holds; the export of
// everything is the command line's and the API's.
const maxExport = 10_000

func (s *Server) exportRoutes(get, _ register) {
	get("/measures.csv", s.exportCSV)
	get("/measures.xlsx", s.exportXLSX)
}

// exported calls row for the head and for every measure that the filters of
// the address select, in the order of the address.
func (s *Server) exported(c echo.Context, p *templates.Page, row func([]string) error) error {
	filter, err := s.measureFilter(p.Query)
	if err != nil {
		return err
	}
	page := pageOf(p.Query, "due_on", "key") // as the list itself
	page.Cursor, page.Limit = "", 200
	head := []string{"key", "title", "incident", "kind", "priority", "status", "owner", "deputy", "team", "due_on", "original_due_on", "due_moves",
		"days_past_promise", "success_metric", "verdict", "created_at", "done_at", "verified_at"}
	for n, name := range head {
		if id := "field." + name; p.T(id) != id {
			head[n] = p.T(id)
		}
	}
	if err := row(head); err != nil {
		return err
	}
	for written := 0; written < maxExport; {
		list, err := s.app.Measures.List(c.Request().Context(), p.Actor, filter, page)
		if err != nil {
			return err
		}
		for _, m := range list.Items {
			if err := row(exportRow(p, m)); err != nil {
				return err
			}
		}
		written += len(list.Items)
		if list.NextCursor == "" {
			return nil
		}
		page.Cursor = list.NextCursor
	}
	return nil
}

func exportRow(p *templates.Page, m domain.Measure) []string {
	past := ""
	if m.PastPromise(p.Now, p.Zone) {
		past = fmt.Sprint(p.Today.Sub(m.OriginalDueOn))
	}
	owner := p.Person(m.Owner)
	if owner == "" {
		owner = m.ExternalOwner
	}
	stamp := func(t interface{ IsZero() bool }, text string) string {
		if t.IsZero() {
			return ""
		}
		return text
	}
	return []string{string(m.Key), m.Title, string(m.Incident), string(m.Kind), string(m.Priority), string(m.Status), owner, p.Person(m.Deputy), p.Team(m.Team),
		m.DueOn.String(), m.OriginalDueOn.String(), fmt.Sprint(m.DueMoves), past, m.Metric.Text(), string(m.Verdict),
		stamp(m.CreatedAt, templates.Stamp(m.CreatedAt)), stamp(m.DoneAt, templates.Stamp(m.DoneAt)), stamp(m.VerifiedAt, templates.Stamp(m.VerifiedAt))}
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(cells []string) []string {
	out := make([]string, len(cells))
	for n, cell := range cells {
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			cell = "'" + cell
		}
		out[n] = cell
	}
	return out
}

func (s *Server) exportCSV(c echo.Context, p *templates.Page) error {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	if err := s.exported(c, p, func(cells []string) error { return w.Write(harmless(cells)) }); err != nil {
		return err
	}
	w.Flush()
	attachment(c, "measures-"+p.Today.String()+".csv")
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", []byte("\ufeff"+b.String()))
}

func (s *Server) exportXLSX(c echo.Context, p *templates.Page) (err error) {
	f := excelize.NewFile()
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	line := 0
	err = s.exported(c, p, func(cells []string) error {
		line++
		row := make([]any, len(cells))
		for n, cell := range cells {
			row[n] = cell // a string cell is a text, never a formula
		}
		return w.SetRow(fmt.Sprintf("A%d", line), row)
	})
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	attachment(c, "measures-"+p.Today.String()+".xlsx")
	c.Response().Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	return f.Write(c.Response())
}

func attachment(c echo.Context, name string) {
	c.Response().Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}
