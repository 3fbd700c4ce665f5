package store

import (
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

func TestSecretsAreSealed(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *DB) {
		addTracker(t, db, "a", nil)
		addTracker(t, db, "b", nil)
		must[domain.Tracker](t)(db.UpdateTracker(t.Context(), ana(), "a", 0, func(_ *domain.Tracker, s *domain.Secrets) error {
			s.WebhookSecrets = []string{"canary hook"}
			return nil
		}))
		var stored []string
		if err := db.reads.Raw("SELECT credential || ' ' || webhook_secrets FROM trackers ORDER BY id").Scan(&stored).Error; err != nil {
			t.Fatal(err)
		}
		for _, s := range stored {
			if strings.Contains(s, "canary") || strings.Contains(s, "credential of") || !strings.HasPrefix(s, "v1.") {
				t.Errorf("stored in clear: %q", s)
			}
		}
		// A ciphertext opens in its own row and column alone, and with its own key.
		for what, statement := range map[string]string{
			"of another row":    "UPDATE trackers SET credential = (SELECT credential FROM trackers AS other WHERE other.id = 'b') WHERE id = 'a'",
			"of another column": "UPDATE trackers SET webhook_secrets = credential WHERE id = 'a'",
			"cut":               "UPDATE trackers SET credential = substr(credential, 1, 40) WHERE id = 'a'",
			"in clear":          "UPDATE trackers SET credential = 'ghp_clear' WHERE id = 'a'",
		} {
			row := struct{ Credential, WebhookSecrets string }{}
			if err := db.reads.Raw("SELECT credential, webhook_secrets FROM trackers WHERE id = 'a'").Scan(&row).Error; err != nil {
				t.Fatal(err)
			}
			if _, err := db.sql.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
			_, err := db.Tracker(t.Context(), "a")
			refused(t, what, err, domain.ErrUnauthorized)
			if _, err := db.TrackerByID(t.Context(), domain.Everything(), "a"); err != nil {
				t.Errorf("%s: the configuration must stay readable: %v", what, err)
			}
			if err := db.write(t.Context(), func(tx *txn) error {
				return tx.Exec("UPDATE trackers SET credential = ?, webhook_secrets = ? WHERE id = 'a'", row.Credential, row.WebhookSecrets).Error
			}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.Tracker(t.Context(), "a"); err != nil {
			t.Fatalf("put back: %v", err)
		}
		// With another key nothing opens, and a new credential can be entered.
		other, err := newSealer([]byte(strings.Repeat("o", 32)))
		if err != nil {
			t.Fatal(err)
		}
		db.seal = other
		_, err = db.Tracker(t.Context(), "a")
		refused(t, "another key", err, domain.ErrUnauthorized)
		must[domain.Tracker](t)(db.UpdateTracker(t.Context(), ana(), "a", 0, func(_ *domain.Tracker, s *domain.Secrets) error {
			s.Credential = "entered again"
			return nil
		}))
		if got := must[domain.TrackerView](t)(db.Tracker(t.Context(), "a")).Secrets.Credential; got != "entered again" {
			t.Errorf("got %q", got)
		}
		db.seal = sealer{}
		tracker := domain.Tracker{ID: "c", Kind: domain.GitHub, CreatedAt: testNow, UpdatedAt: testNow}
		if _, err := db.CreateTracker(t.Context(), ana(), tracker, domain.Secrets{Credential: "x"}); err == nil {
			t.Error("a credential was stored without a key")
		}
	})
}

// Names of places that are put together differently must not be the same.
func TestPlacesAreUnambiguous(t *testing.T) {
	if string(place("a", "bc", "d")) == string(place("ab", "c", "d")) || string(place("a", "b:1", "c")) == string(place("a", "b", "1:c")) {
		t.Error("two places have one name")
	}
}
