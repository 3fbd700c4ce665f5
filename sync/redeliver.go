package sync

import (
	"context"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// redeliverer is a tracker that repeats failed deliveries only when it is asked
// to: GitHub (T76).
type redeliverer interface {
	RedeliverFailed(ctx context.Context, address string, since time.Time) (int, error)
}

// KindRedeliver is the work row that asks a tracker for failed deliveries: at
// start-up, after a time in which nobody answered, and every six hours.
const KindRedeliver = "redeliver"

const (
	redeliverEvery = 6 * time.Hour
	// redeliverSince is how far back GitHub remembers deliveries.
	redeliverSince = 3 * 24 * time.Hour
)

func redeliverKey(id domain.TrackerID) string { return KindRedeliver + ":" + string(id) }

// redeliver asks for what did not arrive. Polling finds the same changes, only
// later; a credential that may not look after webhooks is therefore no fault.
func (e *Engine) redeliver(ctx context.Context, id domain.TrackerID) error {
	view, tracker, err := e.open(ctx, id)
	if err != nil {
		return err
	}
	asks, ok := tracker.(redeliverer)
	if !ok || e.HookURL == nil || view.Tracker.Paused || len(view.Secrets.WebhookSecrets) == 0 {
		return nil
	}
	n, err := asks.RedeliverFailed(ctx, e.HookURL(view.Tracker), e.Now().Add(-redeliverSince))
	if kind := domain.KindOf(err); kind == domain.ErrForbidden || kind == domain.ErrNotFound {
		e.Log.Info("the credential may not read webhook deliveries; polling finds what they would have told", "tracker", id)
		return nil
	}
	if n > 0 {
		e.Log.Info("asked for failed deliveries again", "tracker", id, "deliveries", n)
	}
	return err
}
