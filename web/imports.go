package web

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"mime/multipart"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
	"github.com/followthrough/followthrough/web/templates"
)

// The bounds of an import by page; the command line takes more.
const (
	maxUpload      = 2 << 20
	maxUploadFiles = 20
)

func (s *Server) importRoutes(get, post register) {
	get("/import", s.importPage)
	post("/import", s.previewImport)
	post("/import/confirm", s.confirmImport)
}

func (s *Server) importPage(c echo.Context, p *templates.Page) error {
	if err := p.Actor.Require(domain.CanEdit); err != nil {
		return err
	}
	p.Title, p.Section = p.T("import.title"), "measures"
	return s.show(c, p, templates.Import(p, templates.ImportView{MaxMiB: maxUpload >> 20}))
}

// upload is a file on its way: what was chosen comes back with the page that
// shows what it holds, so that nothing is kept here between looking and deciding.
type upload struct {
	name string
	data []byte
}

// previewImport shows what would be written, or every row that cannot be.
func (s *Server) previewImport(c echo.Context, p *templates.Page) error {
	if err := p.Actor.Require(domain.CanEdit); err != nil {
		return err
	}
	files, err := uploads(c)
	if err != nil {
		if err := refused(p, "import", nil, err); err != nil {
			return err
		}
		return s.importPage(c, p)
	}
	form := url.Values(c.Request().MultipartForm.Value)
	view := templates.ImportView{MaxMiB: maxUpload >> 20, Zone: form.Get("zone"), Charset: form.Get("charset"), Read: true}
	for _, f := range files {
		packed, err := pack(f.data)
		if err != nil {
			return err
		}
		view.Files = append(view.Files, templates.ImportFile{Name: f.name, Packed: packed})
	}
	read, err := s.readImport(files, form)
	if err == nil {
		view.Warnings = read.Warnings
		view.Batch = read.Batch
		_, err = s.app.Imports.Run(c.Request().Context(), p.Actor, read.Batch, true)
	}
	p.Path, p.Title, p.Section = "/import", p.T("import.title"), "measures"
	if err != nil {
		if err := refused(p, "import", form, err); err != nil {
			return err
		}
		view.Files = nil // a file with mistakes is chosen anew
	}
	return s.show(c, p, templates.Import(p, view))
}

// confirmImport writes what the preview showed: all of it or nothing.
func (s *Server) confirmImport(c echo.Context, p *templates.Page) error {
	if err := p.Actor.Require(domain.CanEdit); err != nil {
		return err
	}
	form, err := formOf(c)
	if err != nil {
		return err
	}
	var files []upload
	left := int64(maxUpload)
	for n, name := range form["name"] {
		if n >= len(form["packed"]) || n >= maxUploadFiles {
			break
		}
		data, err := unpack(form["packed"][n], left)
		if err != nil {
			if err := refused(p, "import", nil, err); err != nil {
				return err
			}
			p.Path = "/import"
			return s.importPage(c, p)
		}
		left -= int64(len(data))
		files = append(files, upload{name, data})
	}
	read, err := s.readImport(files, form)
	var result domain.ImportResult
	if err == nil {
		result, err = s.app.Imports.Run(c.Request().Context(), p.Actor, read.Batch, false)
	}
	p.Path = "/import"
	if err != nil {
		if err := refused(p, "import", nil, err); err != nil {
			return err
		}
		return s.importPage(c, p)
	}
	p.Title, p.Section = p.T("import.title"), "measures"
	return s.show(c, p, templates.Imported(p, result))
}

func (s *Server) readImport(files []upload, form url.Values) (imports.Result, error) {
	o := imports.Options{Now: s.now()}
	if form.Get("zone") == "here" {
		o.Zone = s.zone
	}
	if form.Get("charset") == "windows-1252" {
		o.Charset = "windows-1252"
	}
	in := make([]imports.File, len(files))
	for n, f := range files {
		in[n] = imports.File{Name: f.name, Data: bytes.NewReader(f.data)}
	}
	return imports.Read(in, o)
}

// uploads reads the chosen files within their bounds.
func uploads(c echo.Context) ([]upload, error) {
	if err := c.Request().ParseMultipartForm(maxUpload + 1<<20); err != nil {
		return nil, domain.Errorf(domain.ErrInvalid, "the form cannot be read; go back and send it again")
	}
	var files []upload
	left := int64(maxUpload)
	for _, head := range c.Request().MultipartForm.File["file"] {
		if head.Size == 0 && head.Filename == "" {
			continue
		}
		if len(files) == maxUploadFiles {
			return nil, domain.Invalid("file", "are more than %d files; import the rest afterwards", maxUploadFiles)
		}
		data, err := read(head, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(data))
		files = append(files, upload{head.Filename, data})
	}
	if len(files) == 0 {
		return nil, domain.Invalid("file", "is empty; choose a CSV, JSON or Markdown file")
	}
	return files, nil
}

func read(head *multipart.FileHeader, left int64) ([]byte, error) {
	f, err := head.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return bounded(f, left)
}

func bounded(r io.Reader, left int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, left+1))
	if err != nil {
		return nil, domain.Errorf(domain.ErrInvalid, "the form cannot be read; go back and send it again")
	}
	if int64(len(data)) > left {
		return nil, domain.Invalid("file", "is more than %d MiB; import it with the command line: followthrough import FILE", maxUpload>>20)
	}
	return data, nil
}

// pack and unpack carry a file through the preview.
func pack(data []byte) (string, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

func unpack(text string, left int64) ([]byte, error) {
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, domain.Errorf(domain.ErrInvalid, "the form cannot be read; go back and send it again")
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, domain.Errorf(domain.ErrInvalid, "the form cannot be read; go back and send it again")
	}
	return bounded(r, left)
}
