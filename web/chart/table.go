package chart

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// Table is the data of a picture.
type Table struct {
	Caption string
	Head    []Column
	Rows    []Row
}

// Column is the head of a column; numbers are set to the right.
type Column struct {
	Name   string
	Number bool
}

// Row is a row of a table. With an address its first cell is a link.
type Row struct {
	Href  string
	Cells []string
}

func words(names ...string) []Column {
	columns := make([]Column, len(names))
	for i, n := range names {
		columns[i].Name = n
	}
	return columns
}

func numbers(names ...string) []Column {
	columns := words(names...)
	for i := range columns {
		columns[i].Number = true
	}
	return columns
}

func (t *Table) add(href string, cells ...string) {
	t.Rows = append(t.Rows, Row{Href: href, Cells: cells})
}

// WriteHTML writes the table as an element of a page.
func (t Table) WriteHTML(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`<div class="pic-scroll" tabindex="0" role="group" aria-label="` + esc(t.Caption) + `"><table class="pic-table"><caption>` + esc(t.Caption) + `</caption><thead><tr>`)
	for _, c := range t.Head {
		b.WriteString(`<th scope="col"` + numberClass(c.Number) + `>` + esc(c.Name) + `</th>`)
	}
	b.WriteString(`</tr></thead><tbody>`)
	for _, r := range t.Rows {
		b.WriteString(`<tr>`)
		for i, cell := range r.Cells {
			text := esc(cell)
			switch {
			case i == 0 && r.Href != "":
				fmt.Fprintf(&b, `<th scope="row"><a href="%s">%s</a></th>`, esc(r.Href), text)
			case i == 0:
				b.WriteString(`<th scope="row">` + text + `</th>`)
			default:
				b.WriteString(`<td` + numberClass(i < len(t.Head) && t.Head[i].Number) + `>` + text + `</td>`)
			}
		}
		b.WriteString(`</tr>`)
	}
	b.WriteString(`</tbody></table></div>`)
	_, err := io.WriteString(w, b.String())
	return err
}

func numberClass(number bool) string {
	if number {
		return ` class="pic-number"`
	}
	return ""
}

// WriteCSV writes head and rows. A cell that a spreadsheet would take for a
// formula is led by an apostrophe.
func (t Table) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	head := make([]string, len(t.Head))
	for i, c := range t.Head {
		head[i] = harmless(c.Name)
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for _, r := range t.Rows {
		cells := make([]string, len(r.Cells))
		for i, c := range r.Cells {
			cells[i] = harmless(c)
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// harmless leaves numbers alone, negative ones included.
func harmless(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return cell
	}
	if strings.Trim(cell, "-0123456789.,% \u00a0") == "" {
		return cell
	}
	return "'" + cell
}
