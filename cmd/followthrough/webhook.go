package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/sync/github"
	"github.com/followthrough/followthrough/sync/jira"
)

func (env *environmentOf) webhookCommand() *cli.Command {
	return group("webhook", "let a tracker report changes at once instead of waiting for the next poll",
		command("install", "register the webhook at the tracker, where the credential may", "ID", nil, env.with(env.webhookInstall)),
		command("status", "show how the tracker's webhook is doing; exit 1 when it is missing or failing", "ID", nil, env.with(env.webhookStatus)))
}

// hookState is a webhook as the tracker has it, in the words of this command.
type hookState struct {
	id       string
	active   bool
	events   []string
	trouble  string
	unsigned bool
}

// hookAddress is where a tracker sends its events.
func (p *program) hookAddress(t domain.Tracker) string {
	return p.cfg.PublicURL + "/hooks/" + string(t.Kind) + "/" + string(t.ID)
}

func (env *environmentOf) webhookInstall(ctx context.Context, cmd *cli.Command, p *program) error {
	id, err := oneArg(cmd, "the tracker's id")
	if err != nil {
		return err
	}
	view, tracker, err := p.engine.Adapter(ctx, domain.TrackerID(id))
	if err != nil {
		return err
	}
	if len(view.Secrets.WebhookSecrets) == 0 {
		return domain.Invalid("webhook_secret", "is not set for %s; store one of at least 32 characters first (tracker add --webhook-secret-file, or a PATCH of the tracker)", id)
	}
	address, secret := p.hookAddress(view.Tracker), view.Secrets.WebhookSecrets[0]
	var made hookState
	switch t := tracker.(type) {
	case *github.Tracker:
		status, err := t.InstallHook(ctx, address, secret)
		if err != nil {
			return err
		}
		made = ofGitHub(status)
	case *jira.Tracker:
		status, err := t.InstallHook(ctx, address, secret)
		if err != nil {
			return err
		}
		made = ofJira(status)
	default:
		return domain.Errorf(domain.ErrInvalid, "%s has no webhooks", id)
	}
	fmt.Fprintf(env.stdout, "webhook %s of %s sends to %s\n", made.id, view.Tracker.Place(), address)
	if made.unsigned {
		fmt.Fprintln(env.stdout, "note: this server does not sign its deliveries; they are refused. Polling keeps everything in step, only later.")
	}
	return nil
}

func (env *environmentOf) webhookStatus(ctx context.Context, cmd *cli.Command, p *program) error {
	id, err := oneArg(cmd, "the tracker's id")
	if err != nil {
		return err
	}
	view, tracker, err := p.engine.Adapter(ctx, domain.TrackerID(id))
	if err != nil {
		return err
	}
	address := p.hookAddress(view.Tracker)
	states, err := hookStates(ctx, tracker, address)
	if err != nil {
		return err
	}
	if len(states) == 0 {
		return domain.Errorf(domain.ErrNotFound, "%s has no webhook that leads to %s; run followthrough tracker webhook install %s", view.Tracker.Place(), address, id)
	}
	troubles := 0
	for _, s := range states {
		line := "active"
		if !s.active {
			line = "switched off"
		}
		if s.trouble != "" {
			line += ", " + s.trouble
		}
		if s.unsigned {
			line += ", unsigned (refused)"
		}
		if line != "active" {
			troubles++
		}
		fmt.Fprintf(env.stdout, "webhook %s: %s; events %s\n", s.id, line, joined(s.events))
	}
	if troubles > 0 {
		return findingError{fmt.Errorf("%d webhooks are not well", troubles)}
	}
	return nil
}

// hookStates lists the webhooks of a tracker that lead to an address.
func hookStates(ctx context.Context, tracker any, address string) ([]hookState, error) {
	var out []hookState
	switch t := tracker.(type) {
	case *github.Tracker:
		list, err := t.Hooks(ctx, address)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			out = append(out, ofGitHub(s))
		}
	case *jira.Tracker:
		list, err := t.Hooks(ctx, address)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			out = append(out, ofJira(s))
		}
	}
	return out, nil
}

func ofGitHub(s github.HookStatus) hookState {
	out := hookState{id: fmt.Sprint(s.ID), active: s.Active, events: s.Events}
	if s.LastCode != 0 && (s.LastCode < 200 || s.LastCode > 299) {
		out.trouble = fmt.Sprintf("last delivery answered with %d %s", s.LastCode, oneLine(s.LastText))
	}
	return out
}

func ofJira(s jira.HookStatus) hookState {
	return hookState{id: s.ID, active: s.Enabled, events: s.Events, unsigned: !s.Signed}
}
