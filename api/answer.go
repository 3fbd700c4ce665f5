package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// listJSON is one page of a list.
type listJSON[T any] struct {
	Items      []T     `json:"items" nullable:"false"`
	NextCursor *string `json:"next_cursor" doc:"null on the last page"`
	Total      *int    `json:"total,omitempty" doc:"only with ?total=true"`
}

// answer encodes what a handler returned.
func (s *Server) answer(c *call, out reply) error {
	status := c.route.status
	if status == 0 {
		status = http.StatusOK
	}
	w := c.Response()
	if out.raw != nil {
		return c.Blob(status, out.media, out.raw)
	}
	if out.body == nil {
		w.WriteHeader(status)
		return nil
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out.body); err != nil {
		return err
	}
	header := w.Header()
	if out.version > 0 {
		tag := etag(out.version, buf.Bytes())
		header["Etag"] = []string{tag}
		if c.Request().Method == http.MethodGet && noneMatch(c.Request().Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	if out.location != "" {
		header["Location"] = []string{prefix + out.location}
	}
	header["Content-Type"] = []string{"application/json"}
	header["Content-Length"] = []string{strconv.Itoa(buf.Len())}
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the client may be gone; there is nobody left to tell
	return nil
}

// etag names a version and, after the dash, the representation: a measure's
// links and its lateness change without a new version, and a cached answer
// must not hide that. If-Match looks at the version alone.
func etag(version int64, body []byte) string {
	h := fnv.New64a()
	_, _ = h.Write(body) // never fails
	return `"` + strconv.FormatInt(version, 10) + "-" + strconv.FormatUint(h.Sum64(), 36) + `"`
}

func noneMatch(header, tag string) bool {
	if header == "" {
		return false
	}
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == tag || candidate == "*" {
			return true
		}
	}
	return false
}

// listOf encodes a page.
func listOf[T, J any](list domain.List[T], page domain.Page, convert func(T) J) listJSON[J] {
	out := listJSON[J]{Items: make([]J, len(list.Items)), NextCursor: orNull(list.NextCursor)}
	for n, item := range list.Items {
		out.Items[n] = convert(item)
	}
	if page.WithTotal && list.Total >= 0 {
		out.Total = &list.Total
	}
	return out
}

// pageOf cuts a page out of a list that is short enough to be read whole.
func pageOf[T any](c *call, all []T) (domain.List[T], domain.Page, error) {
	page := c.page()
	from := 0
	if page.Cursor != "" {
		raw, err := base64.RawURLEncoding.DecodeString(page.Cursor)
		n, convErr := strconv.Atoi(strings.TrimPrefix(string(raw), "o"))
		if err != nil || convErr != nil || n < 0 || !strings.HasPrefix(string(raw), "o") {
			c.refuse("cursor", "%q is not a cursor of this list; send next_cursor back as it came")
		}
		from = min(max(n, 0), len(all))
	}
	if err := c.refused(); err != nil {
		return domain.List[T]{}, page, err
	}
	list := domain.List[T]{Items: all[from:], Total: len(all)}
	if len(list.Items) > page.Limit {
		list.Items = list.Items[:page.Limit]
		list.NextCursor = base64.RawURLEncoding.EncodeToString([]byte("o" + strconv.Itoa(from+page.Limit)))
	}
	return list, page, nil
}

// queryFault moves a refusal of limit, sort or cursor to where it came from.
func queryFault(err error) error {
	var d *domain.Error
	if !asError(err, &d) || d.Kind != domain.ErrInvalid {
		return err
	}
	faults := make([]fault, len(d.Fields))
	for n, f := range d.Fields {
		faults[n] = fault{"query." + f.Field, f.Message}
	}
	return badRequest(d.Message, faults)
}

func orNull[T ~string](v T) *string {
	if v == "" {
		return nil
	}
	s := string(v)
	return &s
}

// millis is how instants leave the house: UTC, RFC 3339, milliseconds.
const millis = "2006-01-02T15:04:05.000Z"

func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(millis)
	return &s
}

func day(d domain.Date) *string { return orNull(d.String()) }

// list is never null.
func list[T ~string](values []T) []string {
	out := make([]string, len(values))
	for n, v := range values {
		out[n] = string(v)
	}
	return out
}
