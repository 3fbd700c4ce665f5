package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// trackerItem is a tracker with its health as JSON prints it.
type trackerItem struct {
	domain.Tracker
	Status domain.TrackerStatus
	Links  map[domain.LinkState]int
	Queue  domain.Queue
	ETA    time.Time
	Expiry domain.Expiry
}

func itemOf(h app.TrackerHealth) trackerItem {
	return trackerItem{h.Tracker, h.Status, h.Links, h.Queue, h.ETA, h.Expiry}
}

func (env *environmentOf) trackerList(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	health, err := p.app.Trackers.Health(ctx, operator())
	if err != nil {
		return err
	}
	items := make([]trackerItem, len(health))
	out := table{header: []string{"id", "kind", "place", "state", "last poll", "queue", "written out", "quota left", "credential", "problem"}}
	for n, h := range health {
		if h.ETA, err = p.app.Trackers.ETA(ctx, h); err != nil {
			return err
		}
		items[n] = itemOf(h)
		t := h.Tracker
		out.rows = append(out.rows, []string{string(t.ID), string(t.Kind) + "/" + string(t.Flavor), t.Place(), stateText(t), polledText(h, p.now()),
			fmt.Sprint(h.Queue.Writes()), etaText(h, p.now()), quotaText(h.Status.Quota), expiryText(h), h.Status.LastError})
	}
	out.items = items
	return out.print(cmd, env.stdout)
}

// trackerStatus says everything about one tracker, and what to do about it.
func (env *environmentOf) trackerStatus(ctx context.Context, cmd *cli.Command, p *program) error {
	id, err := oneArg(cmd, "the tracker's id")
	if err != nil {
		return err
	}
	h, err := p.app.Trackers.HealthOf(ctx, operator(), domain.TrackerID(id))
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		err = printJSON(env.stdout, itemOf(h))
	} else {
		err = env.printStatus(cmd, h, p.now())
	}
	if err != nil {
		return err
	}
	if wrong := troubles(h); len(wrong) > 0 {
		return findingError{errors.New(strings.Join(wrong, "; "))}
	}
	return nil
}

func (env *environmentOf) printStatus(cmd *cli.Command, h app.TrackerHealth, now time.Time) error {
	q := h.Queue
	out := table{header: []string{"tracker", string(h.Tracker.ID)}, rows: [][]string{
		{"place", h.Tracker.Kind.Name() + " " + h.Tracker.Place()}, {"state", stateText(h.Tracker)}, {"last poll", polledText(h, now)},
		{"to create", fmt.Sprint(q.Creates)}, {"to write", fmt.Sprint(q.Pushes)}, {"deliveries to read", fmt.Sprint(q.Deliveries)},
		{"work due", fmt.Sprint(q.Due)}, {"work set aside", fmt.Sprint(q.Parked)}, {"written out", etaText(h, now)}, {"quota left", quotaText(h.Status.Quota)},
		{"credential", expiryText(h)}, {"last error", h.Status.LastError}, {"last sweep", h.Status.SweepError}}}
	for _, state := range domain.LinkStates() {
		if n := h.Links[state]; n > 0 {
			out.rows = append(out.rows, []string{"links " + string(state), fmt.Sprint(n)})
		}
	}
	return out.print(cmd, env.stdout)
}

// troubles are what a person should look at, each with what to do.
func troubles(h app.TrackerHealth) []string {
	id := string(h.Tracker.ID)
	var out []string
	if h.Expiry != "" {
		out = append(out, "the credential "+expiryText(h)+": store a new one with a PATCH of the tracker")
	}
	if h.Status.Failures > 0 {
		out = append(out, "the last look failed: followthrough tracker check "+id)
	}
	if h.Status.SweepError != "" {
		out = append(out, "the last complete look stopped: "+h.Status.SweepError)
	}
	if h.Queue.Parked > 0 {
		out = append(out, "work was set aside: followthrough work list --dead")
	}
	if n := h.Links[domain.LinkOscillating]; n > 0 {
		out = append(out, fmt.Sprintf("%d links were stopped because something sets values back: followthrough measure resume KEY --tracker %s", n, id))
	}
	return out
}

func stateText(t domain.Tracker) string {
	if t.Paused {
		return "paused"
	}
	return "active"
}

func polledText(h app.TrackerHealth, now time.Time) string {
	if h.Status.PolledAt.IsZero() {
		return "never"
	}
	return ago(now.Sub(h.Status.PolledAt))
}

func quotaText(q domain.Quota) string {
	if q.Limit == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", q.Remaining, q.Limit)
}

// etaText says how long the queue will take.
func etaText(h app.TrackerHealth, now time.Time) string {
	if h.ETA.IsZero() {
		return ""
	}
	return "in about " + max(h.ETA.Sub(now), time.Second).Round(time.Second).String()
}

func expiryText(h app.TrackerHealth) string {
	day := h.Tracker.CredentialExpires.Format(time.DateOnly)
	switch {
	case h.Tracker.CredentialExpires.IsZero():
		return ""
	case h.Expiry == domain.Expired:
		return "expired on " + day
	case h.Expiry == "":
		return "until " + day
	}
	return fmt.Sprintf("expires in %d days, on %s", h.DaysLeft, day)
}

func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d d ago", int(d.Hours()/24))
}
