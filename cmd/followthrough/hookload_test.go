package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestHookLoad: signed deliveries come in at 1,000 a second and the process is
// killed: every acknowledged one is in the database. FOLLOWTHROUGH_TEST_HOOK_SECONDS
// says for how long; `make bench` uses 60.
func TestHookLoad(t *testing.T) {
	eachEngine(t, func(t *testing.T, databaseURL string) {
		h := newHouse(t, databaseURL)
		seconds := 1
		if text := os.Getenv("FOLLOWTHROUGH_TEST_HOOK_SECONDS"); text != "" {
			seconds, _ = strconv.Atoi(text)
		}
		child := h.replica(childOrders{DatabaseURL: databaseURL, Listen: freeAddress(t.Context(), "127.0.0.1:0")})
		acked, took, failed := h.fire(child.address, 1000, seconds)
		memory := peakMemory(t, child.Process.Pid)
		_ = child.Process.Kill()
		_ = child.Wait()
		stored, err := h.storedDeliveries(databaseURL)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range acked {
			if !stored[id] {
				t.Fatalf("delivery %s was acknowledged and is not in the database", id)
			}
		}
		slices.Sort(took)
		t.Logf("%d acknowledged in %d s, %d refused; p50 %s, p99 %s; peak memory %d MiB", len(acked), seconds, failed, took[len(took)/2], took[len(took)*99/100], memory>>20)
		if len(acked) == 0 {
			t.Error("nothing was acknowledged")
		}
	})
}

// fire sends signed deliveries at a rate and returns what was acknowledged and
// how long each took.
func (h *house) fire(address string, rate, seconds int) (acked []string, took []time.Duration, failed int) {
	h.t.Helper()
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}}
	due := make(chan int, rate*seconds)
	var mu sync.Mutex
	var senders sync.WaitGroup
	for range 64 {
		senders.Go(func() {
			for n := range due {
				id := fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
				begun := time.Now()
				ok := h.deliver(client, address, id, n)
				mu.Lock()
				if took = append(took, time.Since(begun)); ok {
					acked = append(acked, id)
				} else {
					failed++
				}
				mu.Unlock()
			}
		})
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := 0; n < rate*seconds; {
		<-tick.C
		for range rate / 100 {
			due <- n
			n++
		}
	}
	close(due)
	senders.Wait()
	return acked, took, failed
}

// deliver sends one issue event of the repository.
func (h *house) deliver(client *http.Client, address, id string, n int) bool {
	body := fmt.Sprintf(`{"action":"edited","issue":{"id":%d,"node_id":"I_%d","number":%d,"title":"Load","state":"open","body":"%s","labels":[],"assignees":[],`+
		`"user":{"id":1,"login":"ana"},"html_url":"https://github.com/acme/platform/issues/1","created_at":"2026-03-02T09:00:00Z","updated_at":"2026-03-02T09:00:00Z"},`+
		`"repository":{"id":%d,"full_name":"acme/platform"},"sender":{"id":1,"login":"ana"}}`, n, n, n+1, strings.Repeat("x", 4000), 3000000008)
	mac := hmac.New(sha256.New, []byte(demoHookSecret))
	mac.Write([]byte(body))
	req, err := http.NewRequestWithContext(context.WithoutCancel(h.t.Context()), http.MethodPost, "http://"+address+"/hooks/github/"+string(onGitHub), strings.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Event", "issues")
	req.Header.Set("X-GitHub-Delivery", id)
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusAccepted
}

// storedDeliveries reads which deliveries the database holds. The store gives
// them out in batches for processing only, so the table itself is asked.
func (h *house) storedDeliveries(databaseURL string) (map[string]bool, error) {
	driver, source := "sqlite", "file:"+filepath.Join(h.cfg.DataDir, strings.TrimPrefix(databaseURL, "sqlite://"))+"?mode=ro"
	if !strings.HasPrefix(databaseURL, "sqlite:") {
		driver, source = "pgx", databaseURL
	}
	pool, err := sql.Open(driver, source)
	if err != nil {
		return nil, err
	}
	defer func() { _ = pool.Close() }()
	rows, err := pool.QueryContext(h.t.Context(), "SELECT id FROM deliveries WHERE state = 'stored'")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	ids := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids[id] = true
	}
	return ids, rows.Err()
}

// peakMemory reads the largest resident size of a process, in bytes.
func peakMemory(t testing.TB, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("this system does not tell the memory of a process: %v", err)
	}
	return peakOf(string(text))
}

// peakOf finds the largest resident size in a process's status; 0 when it is not there.
func peakOf(status string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}
