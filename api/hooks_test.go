package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
)

// brokenInbox is a store that cannot write, as with a full disk.
type brokenInbox struct{ tracksync.Inbox }

func (brokenInbox) StoreDelivery(context.Context, domain.Delivery) error {
	return domain.Errorf(domain.ErrUnavailable, "the database cannot be used at the moment; try again")
}

// signed is a delivery that tracker platform takes in.
func signed(id, body string) request {
	return request{method: http.MethodPost, path: "/hooks/github/platform", body: body,
		header: map[string]string{"X-GitHub-Event": "issues", "X-GitHub-Delivery": id, "X-Hub-Signature-256": "sha256=" + mac(hookSecret, body)}}
}

// TestHookStoreDown: while the store cannot keep a delivery, nothing is
// acknowledged and the tracker is told to come back (T79).
func TestHookStoreDown(t *testing.T) {
	w := newWorld(t)
	w.platform(nil).want(201)
	body := `{"action":"edited","issue":{"id":1,"node_id":"I_1","number":1,"title":"x","state":"open","updated_at":"2026-11-25T09:00:00Z","created_at":"2026-11-25T09:00:00Z"},` +
		`"repository":{"id":1,"full_name":"acme/platform"},"sender":{"login":"ana"}}`
	inbox := w.trackers.engine.Inbox
	again := func(what string) {
		t.Helper()
		a := w.do(signed("d-1", body)).want(503)
		if wait, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || wait < 1 {
			t.Errorf("%s: Retry-After is %q", what, a.header.Get("Retry-After"))
		}
		if strings.Contains(string(a.body), "database") {
			t.Errorf("%s: a stranger learns of our inside: %s", what, a.body)
		}
	}
	w.trackers.engine.Inbox = brokenInbox{inbox}
	again("the store cannot write")
	w.trackers.engine.Inbox = inbox
	if kept, err := inbox.StoredDeliveries(t.Context(), "platform", 10); err != nil || len(kept) != 0 {
		t.Fatalf("%d deliveries were kept although none was acknowledged (%v)", len(kept), err)
	}
	w.do(signed("d-1", body)).want(202)
	if kept, err := inbox.StoredDeliveries(t.Context(), "platform", 10); err != nil || len(kept) != 1 {
		t.Fatalf("%d deliveries were kept after the acknowledgement (%v)", len(kept), err)
	}
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	again("the store is closed")
}

// unread fails the test when somebody reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("a body that is too large was read")
	return 0, io.EOF
}

func (unread) Close() error { return nil }

// TestHookSizes: the largest delivery of GitHub is taken in; a larger one is
// refused, before it is read where its length is announced (T77, T78).
func TestHookSizes(t *testing.T) {
	w := newWorld(t)
	w.platform(nil).want(201)
	ping := `{"zen":"` + strings.Repeat("z", 25_000_000-20) + `"}`
	r := signed("d-1", ping)
	r.header["X-GitHub-Event"] = "ping"
	w.do(r).want(202)
	post := func(body io.ReadCloser, length int64) int {
		r := httptest.NewRequest(http.MethodPost, "/hooks/github/platform", nil)
		r.Body, r.ContentLength = body, length
		rec := httptest.NewRecorder()
		w.server.Handler().ServeHTTP(rec, r)
		return rec.Code
	}
	if got := post(unread{t}, maxHook+1); got != http.StatusRequestEntityTooLarge {
		t.Errorf("announced as too large: %d", got)
	}
	if got := post(io.NopCloser(&zeros{left: 30 << 20}), -1); got != http.StatusRequestEntityTooLarge {
		t.Errorf("too large without saying so: %d", got)
	}
	if small, large := w.server.hookMemory.small.Load(), w.server.hookMemory.large.Load(); small != 0 || large != 0 {
		t.Errorf("%d and %d bytes are still counted", small, large)
	}
}

// zeros is a long body that nobody had to keep.
type zeros struct{ left int }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), z.left)
	clear(p[:n])
	z.left -= n
	return n, nil
}

// TestHookMemory: however many send however much, the bodies in memory stay
// within their budgets, and large ones never keep small ones out.
func TestHookMemory(t *testing.T) {
	var m hookMemory
	var held []*hookBody
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	refused := 0
	for range 20 {
		b, err := m.read(&zeros{left: maxHook})
		if errors.Is(err, errHooksBusy) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
		held = append(held, b)
	}
	if refused != 18 {
		t.Errorf("%d of 20 large deliveries were refused, want 18", refused)
	}
	for n := 0; ; n++ {
		b, err := m.read(bytes.NewReader(make([]byte, 10_000)))
		held = append(held, b)
		if err != nil {
			if n < 1000 {
				t.Errorf("only %d small deliveries found room beside the large ones", n)
			}
			break
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > smallHooks+largeHooks+8<<20 {
		t.Errorf("the bodies hold %d MiB", grown>>20)
	}
	for _, b := range held {
		b.release()
	}
	if m.small.Load() != 0 || m.large.Load() != 0 {
		t.Errorf("%d and %d bytes are still counted", m.small.Load(), m.large.Load())
	}
}
