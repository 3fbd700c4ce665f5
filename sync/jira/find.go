package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// Find looks for issues that carry the nonce: all issues created in the
// window, unfiltered (T16), to the end. On Cloud, where search lags behind,
// the keys after the highest known number are read directly as well.
func (t *Tracker) Find(ctx context.Context, probe domain.Probe) ([]domain.Snapshot, error) {
	if probe.Nonce == "" {
		return nil, domain.Errorf(domain.ErrInvalid, "a probe without a nonce would match every issue")
	}
	place, err := t.projectID(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := t.window(ctx, inProject(place)+since("created", probe.Since.UnixMilli()))
	if err != nil {
		return nil, err
	}
	if t.cloud() {
		direct, err := t.direct(ctx, place, probe, rows)
		if err != nil {
			return nil, err
		}
		rows = append(rows, direct...)
	}
	var found []domain.Snapshot
	for _, s := range rows {
		known := slices.ContainsFunc(found, func(o domain.Snapshot) bool { return o.Ref.ID == s.Ref.ID })
		if s.Nonce == probe.Nonce && s.Ref.Place == place && !known {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b domain.Snapshot) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return found, nil
}

// window reads all issues of a clause to the end (T9).
func (t *Tracker) window(ctx context.Context, clause string) ([]domain.Snapshot, error) {
	var rows []domain.Snapshot
	err := t.every(ctx, search{jql: clause + " ORDER BY created ASC, id ASC", fields: t.fields(), size: pageSize, class: domain.CallProbe}, func(p page, a answer) {
		read, _ := t.rows(p, a) // a broken row cannot carry our nonce in a form we wrote
		rows = append(rows, read...)
	})
	return rows, err
}

// every asks for all pages of a search. A page may be smaller than asked for,
// so only the answer itself says where the end is.
func (t *Tracker) every(ctx context.Context, s search, each func(page, answer)) error {
	p := position{}
	for range maxPages {
		s.token, s.start = p.Token, p.Start
		got, a, err := t.search(ctx, s)
		if err != nil {
			return err
		}
		each(got, a)
		if t.cloud() {
			if more, err := p.followToken(got); err != nil || !more {
				return err
			}
			continue
		}
		if p.Start += len(got.Issues); got.last(p.Start) {
			return nil
		}
	}
	return domain.Errorf(domain.ErrUnavailable, "Jira did not end the answer to a search after %d pages", maxPages)
}

// direct reads the hundred keys after the highest number known before the
// create, by key: that does not depend on the index.
func (t *Tracker) direct(ctx context.Context, place string, probe domain.Probe, rows []domain.Snapshot) ([]domain.Snapshot, error) {
	after, prefix := probe.AfterNumber, t.config.Project
	if after == 0 {
		if len(rows) == 0 {
			got, a, err := t.search(ctx, search{jql: inProject(place) + " ORDER BY created DESC, id DESC", fields: t.fields(), size: 1, class: domain.CallProbe})
			if err != nil {
				return nil, err
			}
			rows, _ = t.rows(got, a)
		}
		for _, s := range rows {
			after = max(after, number(s.Ref.Key))
		}
	}
	keys := make([]string, pageSize)
	for i := range keys {
		keys[i] = prefix + "-" + strconv.Itoa(after+i+1)
	}
	got, _, err := t.bulk(ctx, keys, domain.CallProbe)
	return got, err
}

// number is the counting part of a key.
func number(key string) int {
	m := keyPattern.FindStringSubmatch(key)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[2]) // at most nine digits
	return n
}

// bulk reads issues by id or key on Cloud. Failed names those that Jira could
// not read just now; they are neither there nor missing.
func (t *Tracker) bulk(ctx context.Context, ids []string, class domain.CallClass) (rows []domain.Snapshot, failed map[string]bool, err error) {
	var got struct {
		Issues *[]json.RawMessage `json:"issues"`
		Errors []struct {
			ID text `json:"id"`
		} `json:"issueErrors"`
	}
	r := request{method: http.MethodPost, path: "rest/api/2/issue/bulkfetch", class: class,
		body: map[string]any{"issueIdsOrKeys": ids, "fields": t.fields(), "properties": []string{propertyKey}}}
	a, err := t.client.get(ctx, r, &got)
	if err != nil {
		return nil, nil, err
	}
	if got.Issues == nil {
		return nil, nil, t.client.unreadable(r, "undecodable", "has no list of issues", nil)
	}
	failed = map[string]bool{}
	for _, e := range got.Errors {
		failed[string(e.ID)] = true
	}
	rows, broken := t.rows(page{Issues: *got.Issues}, a)
	for _, b := range broken {
		failed[b.Ref.ID] = true
	}
	return rows, failed, nil
}

// Sweep reads linked issues by id. An issue that Jira could not read just now
// is left out of the answer: it is neither present nor missing.
func (t *Tracker) Sweep(ctx context.Context, refs []domain.RemoteRef) ([]domain.Sighting, error) {
	place, err := t.projectID(ctx)
	if err != nil {
		return nil, err
	}
	var out []domain.Sighting
	for chunk := range slices.Chunk(refs, pageSize) {
		ids := make([]string, len(chunk))
		for i, ref := range chunk {
			if !idPattern.MatchString(ref.ID) {
				return nil, domain.Invalid("remote_id", "%q is not the id of a Jira issue; ids are numbers", ref.ID)
			}
			ids[i] = ref.ID
		}
		rows, failed, err := t.byID(ctx, ids)
		if err != nil {
			return nil, err
		}
		seen := sightings(chunk, rows, failed, place)
		if err := t.doubt(ctx, seen); err != nil {
			return nil, err
		}
		out = append(out, seen...)
	}
	return out, nil
}

func (t *Tracker) byID(ctx context.Context, ids []string) ([]domain.Snapshot, map[string]bool, error) {
	if t.cloud() {
		return t.bulk(ctx, ids, domain.CallRead)
	}
	failed := map[string]bool{}
	for len(ids) > 0 {
		var rows []domain.Snapshot
		jql := fmt.Sprintf("id in (%s) ORDER BY id ASC", strings.Join(ids, ","))
		err := t.every(ctx, search{jql: jql, fields: t.fields(), size: len(ids), lenient: true, class: domain.CallRead}, func(p page, a answer) {
			read, broken := t.rows(p, a)
			rows = append(rows, read...)
			for _, b := range broken {
				failed[b.Ref.ID] = true
			}
		})
		rest := unknownIDs(err, ids)
		if len(rest) == len(ids) {
			return rows, failed, err
		}
		ids = rest // a strict server names ids it does not know, and answers nothing else
	}
	return nil, failed, nil
}

var quotedID = regexp.MustCompile(`'([0-9]{1,19})'`)

// unknownIDs takes the ids out that a refused search names.
func unknownIDs(err error, ids []string) []string {
	status, said := statusOf(err)
	if status != http.StatusBadRequest {
		return ids
	}
	named := map[string]bool{}
	for _, m := range quotedID.FindAllStringSubmatch(said.text(), -1) {
		named[m[1]] = true
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return named[id] })
}

func sightings(refs []domain.RemoteRef, rows []domain.Snapshot, failed map[string]bool, place string) []domain.Sighting {
	byID := map[string]*domain.Snapshot{}
	for i := range rows {
		byID[rows[i].Ref.ID] = &rows[i]
	}
	var out []domain.Sighting
	for _, ref := range refs {
		s, ok := byID[ref.ID]
		switch {
		case ok && s.Ref.Place != place:
			moved := s.Ref
			out = append(out, domain.Sighting{Ref: ref, Presence: domain.MovedOut, MovedTo: &moved})
		case ok:
			out = append(out, domain.Sighting{Ref: ref, Presence: domain.Present, Snapshot: s})
		case !failed[ref.ID]:
			out = append(out, domain.Sighting{Ref: ref, Presence: domain.Missing})
		}
	}
	return out
}

// doubt checks one missing issue of a Data Center by a direct read: a search
// during a re-index misses what is there (T39).
func (t *Tracker) doubt(ctx context.Context, seen []domain.Sighting) error {
	if t.cloud() {
		return nil
	}
	for _, s := range seen {
		if s.Presence != domain.Missing {
			continue
		}
		_, err := t.fetch(ctx, s.Ref.ID)
		if err == nil {
			return &domain.Error{Kind: domain.ErrUnavailable, Code: codeIncomplete, RetryAt: t.now().Add(5 * time.Minute),
				Message: "Jira's search misses " + s.Ref.Key + ", which exists; its index is incomplete, so nothing is concluded from it"}
		}
		if domain.KindOf(err) != domain.ErrNotFound && domain.KindOf(err) != domain.ErrGone {
			return err
		}
		return nil
	}
	return nil
}
