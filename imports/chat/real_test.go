package chat

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// shared is the folder of real exports. They are not part of the repository;
// without them the test is skipped, and with FOLLOWTHROUGH_REQUIRE_SHARED=1 it fails.
func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("FOLLOWTHROUGH_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "chat")); err != nil {
		if os.Getenv("FOLLOWTHROUGH_REQUIRE_SHARED") != "" {
			t.Fatal(err)
		}
		t.Skip("the real exports are not here")
	}
	return filepath.Join(dir, "data", "chat")
}

func TestRealExports(t *testing.T) {
	dir := shared(t)
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	if err := w.AddFS(os.DirFS(filepath.Join(dir, "slack-export"))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	o := domain.ChatOptions{Zone: time.UTC, Day: domain.MustDate("2023-03-26"), Now: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}
	slack, err := Read("slack.zip", bytes.NewReader(packed.Bytes()), int64(packed.Len()), o)
	if err != nil {
		t.Fatal(err)
	}
	channels := map[string]int{}
	for _, m := range slack.Messages {
		channels[m.Channel]++
		if m.At.IsZero() || m.Sender == "" && !strings.Contains(m.Statement, " commented on ") {
			t.Errorf("slack: %+v", m)
		}
	}
	if len(channels) != 2 || len(slack.Messages) < 150 {
		t.Errorf("slack: %d messages on %v", len(slack.Messages), channels)
	}
	counts := map[string]int{"mattermost-bulk-export/post_with_replies.json": 4, "teams-export/messages.json": 2, "pasted-logs/discord-incident-response.txt": 10, "mail/mime4j.mbox.rlug.mbox": 5}
	refused := map[string]string{"mattermost-bulk-export/user.json": "no message", "mail/enmime.mail.erroneous.eml": "no header"}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(dir, path)
		if err != nil || relErr != nil || d.IsDir() || strings.HasPrefix(name, "slack-export") || strings.HasSuffix(name, ".md") {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		chat, err := Read(filepath.Base(name), bytes.NewReader(data), int64(len(data)), o)
		name = filepath.ToSlash(name)
		if says, ok := refused[name]; ok {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want %q", name, err, says)
			}
			return nil
		}
		want, ok := counts[name]
		if !ok {
			want = 1 // a mail
		}
		if err != nil || len(chat.Messages) != want {
			t.Errorf("%s: %d messages, want %d; %v", name, len(chat.Messages), want, err)
			return nil
		}
		for _, m := range chat.Messages {
			if strings.Contains(m.Statement, "Content-Type") || strings.Contains(m.Statement, "\uFFFD") || strings.Contains(m.Statement, "<p>") {
				t.Errorf("%s: %q", name, m.Statement)
			}
		}
		return nil
	})
	if err != nil || files < 20 {
		t.Errorf("%d files, %v", files, err)
	}
}
