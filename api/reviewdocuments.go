package api

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/followthrough/followthrough/domain"
)

func (s *Server) documentRoute(path string) route {
	return route{method: http.MethodGet, path: path, id: "get-review-document", tag: "reviews", needs: domain.CanRead,
		summary: "The review as a document with its pictures: a published version, or the working copy",
		query: []param{
			{name: "format", kind: "string", enum: names(domain.DocumentFormats()), doc: "md when absent; a browser prints html as PDF"},
			{name: "version", kind: "integer", doc: "a published version; the latest when absent"},
			{name: "draft", kind: "boolean", doc: "the working copy instead, as it would be published now"},
			{name: "lang", kind: "string", doc: "en or de; the organisation's language when absent"}},
		media: "text/markdown text/html", run: s.reviewDocument}
}

func (s *Server) reviewDocument(c *call) (reply, error) {
	key, err := c.incidentKey()
	if err != nil {
		return reply{}, err
	}
	r := domain.DocumentRequest{Incident: key, Version: c.publication("version"), Format: domain.DocumentFormat(c.query.Get("format")), Language: c.query.Get("lang")}
	if r.Format == "" {
		r.Format = domain.DocumentMarkdown
	}
	if !slices.Contains(domain.DocumentFormats(), r.Format) {
		c.refuse("format", "%q is not accepted; use md or html")
	}
	if draft := c.flag("draft"); draft != nil {
		r.Draft = *draft
	}
	if err := c.refused(); err != nil {
		return reply{}, err
	}
	file, err := s.document(c.ctx(), c.actor(), r)
	if err != nil {
		return reply{}, queryFault(err)
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="`+file.Name+`"`)
	return reply{raw: file.Text, media: file.Media}, nil
}

// publication is the number of a version in the query; 0 when absent.
func (c *call) publication(name string) int {
	if !c.query.Has(name) {
		return 0
	}
	n, err := strconv.Atoi(c.query.Get(name))
	if err != nil || n < 1 {
		c.refuse(name, "%q is not a version; use a number from 1")
	}
	return n
}
