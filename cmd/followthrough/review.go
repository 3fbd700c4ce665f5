package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports/chat"
)

func (env *environmentOf) reviewCommand() *cli.Command {
	list := append(outputFlags(), &cli.StringFlag{Name: "q", Usage: "words anywhere in the review"}, &cli.IntFlag{Name: "year", Usage: "incidents of one year"},
		&cli.StringSliceFlag{Name: "state", Usage: "none, draft, in_review, approved, published, archived or not_required"},
		&cli.BoolFlag{Name: "missing", Usage: "only incidents without a finished review"}, &cli.StringFlag{Name: "sort", Hidden: true},
		&cli.IntFlag{Name: "limit", Usage: "how many at most (0: all)", Value: 50})
	fact := []cli.Flag{
		&cli.StringFlag{Name: "section", Value: "timeline", Usage: "timeline, cause, lesson, role or finding"}, &cli.StringFlag{Name: "kind", Usage: "kind of the entry, such as decision or lucky"},
		&cli.StringFlag{Name: "text"}, &cli.StringFlag{Name: "at", Usage: "instant, for example 2026-11-24T09:30:00Z"}, &cli.StringFlag{Name: "source"}, &cli.StringFlag{Name: "link"},
		&cli.StringFlag{Name: "person-id", Usage: "who held the role, in the directory"}, &cli.StringFlag{Name: "deputy-id"},
		&cli.StringFlag{Name: "person", Usage: "name of an outsider who held the role"}, &cli.StringFlag{Name: "deputy"}, &cli.StringFlag{Name: "cause", Usage: "id of the cause that a finding follows from"},
		&cli.StringSliceFlag{Name: "measure", Usage: "measure that follows from a finding"},
	}
	chats := []cli.Flag{
		&cli.StringFlag{Name: "channel", Usage: "channel of messages that name none"}, &cli.StringFlag{Name: "audience", Usage: "whom the messages informed"},
		&cli.StringFlag{Name: "day", Usage: "day of times without a date (default: the day the incident started)"},
		&cli.BoolFlag{Name: "dry-run", Usage: "read everything and write nothing"},
	}
	return group("review", "work on the reviews of incidents",
		command("list", "search reviews, or list the incidents without one", "", list, env.with(env.reviewList)),
		command("show", "show the review of an incident as JSON", "INCIDENT", nil, env.with(env.reviewShow)),
		command("add", "add a fact, cause, lesson, role or finding", "INCIDENT", fact, env.with(env.reviewAdd)),
		command("state", "bring a review to a state", "INCIDENT STATE", []cli.Flag{&cli.StringFlag{Name: "reason"}}, env.with(env.reviewState)),
		command("chat", "import an export of a chat, mails or a log", "INCIDENT FILE...", chats, env.with(env.reviewChat)),
		command("document", "write the review as a document to standard output", "INCIDENT", documentFlags(), env.with(env.reviewDocument)),
		command("versions", "list the published versions", "INCIDENT", outputFlags(), env.with(env.reviewVersions)),
		command("compare", "list what is different between two published versions", "INCIDENT FROM TO", outputFlags(), env.with(env.reviewCompare)))
}

func (env *environmentOf) reviewList(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	filter := domain.ReviewFilter{Query: cmd.String("q"), State: enums[domain.ReviewState](cmd.StringSlice("state")), Missing: cmd.Bool("missing")}
	if year := cmd.Int("year"); year != 0 {
		var err error
		if filter, err = p.app.Reviews.Year(filter, year); err != nil {
			return err
		}
	}
	heads, err := collect(cmd, func(page domain.Page) (domain.List[domain.ReviewHead], error) {
		return p.app.Reviews.List(ctx, operator(), filter, page)
	})
	if err != nil {
		return err
	}
	out := table{header: []string{"incident", "severity", "started", "review", "versions", "title"}, items: heads}
	for _, h := range heads {
		out.rows = append(out.rows, []string{string(h.Incident.Key), string(h.Incident.Severity), instantIn(h.Incident.StartedAt, p.cfg.Zone), string(h.State), fmt.Sprint(h.Published), h.Incident.Title})
	}
	return out.print(cmd, env.stdout)
}

func (env *environmentOf) reviewShow(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the incident's key, for example INC-3")
	if err != nil {
		return err
	}
	v, err := p.app.Reviews.View(ctx, operator(), domain.IncidentKey(key))
	if err != nil {
		return err
	}
	v.Review.FeedbackHash = ""
	return printJSON(env.stdout, map[string]any{"review": v.Review, "summary": v.Summary(), "numbers": v.Numbers, "communication": v.Talk, "loose_ends": v.Loose, "next": v.Next})
}

func (env *environmentOf) reviewAdd(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the incident's key, for example INC-3")
	if err != nil {
		return err
	}
	e := domain.ReviewEntry{Section: domain.ReviewSection(cmd.String("section")), Kind: domain.EntryKind(cmd.String("kind")), Text: cmd.String("text"), Source: cmd.String("source"),
		Link: cmd.String("link"), PersonID: domain.PersonID(cmd.String("person-id")), DeputyID: domain.PersonID(cmd.String("deputy-id")),
		Person: cmd.String("person"), Deputy: cmd.String("deputy"), Cause: cmd.String("cause"), Measures: enums[domain.MeasureKey](cmd.StringSlice("measure"))}
	if text := cmd.String("at"); text != "" {
		if e.At, err = time.Parse(time.RFC3339, text); err != nil {
			return domain.Invalid("at", "%q is not an instant; write it as 2026-11-24T09:30:00Z", text)
		}
	}
	if e, err = p.app.Reviews.Put(ctx, operator(), domain.IncidentKey(key), 0, e); err != nil {
		return err
	}
	fmt.Fprintln(env.stdout, e.ID)
	return nil
}

func (env *environmentOf) reviewState(ctx context.Context, cmd *cli.Command, p *program) error {
	if cmd.Args().Len() != 2 {
		return usageError{fmt.Errorf("%s takes two arguments: the incident's key and a state, for example INC-3 in_review", cmd.FullName())}
	}
	r, err := p.app.Reviews.Step(ctx, operator(), domain.IncidentKey(cmd.Args().Get(0)), 0, domain.ReviewState(cmd.Args().Get(1)), cmd.String("reason"))
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "the review of %s is %s\n", r.Incident, r.State)
	return nil
}

func (env *environmentOf) reviewChat(ctx context.Context, cmd *cli.Command, p *program) error {
	if cmd.Args().Len() < 2 {
		return usageError{fmt.Errorf("%s takes the incident's key and at least one file", cmd.FullName())}
	}
	i, err := p.app.Incidents.Get(ctx, operator(), domain.IncidentKey(cmd.Args().First()))
	if err != nil {
		return err
	}
	o := domain.ChatOptions{Channel: cmd.String("channel"), Audience: cmd.String("audience"), Zone: p.cfg.Zone, Now: p.now()}
	if !i.StartedAt.IsZero() {
		o.Day = domain.DateOf(i.StartedAt.In(p.cfg.Zone))
	}
	if text := cmd.String("day"); text != "" {
		if o.Day, err = domain.ParseDate(text); err != nil {
			return err
		}
	}
	for _, name := range cmd.Args().Tail() {
		read, err := readChatFile(name, o)
		if err != nil {
			return err
		}
		for _, note := range read.Notes {
			fmt.Fprintln(env.stderr, "note:", filepath.Base(name)+":", note)
		}
		if cmd.Bool("dry-run") {
			fmt.Fprintf(env.stdout, "%s: %d messages would be imported; nothing was written\n", filepath.Base(name), len(read.Messages))
			continue
		}
		result, err := p.app.Reviews.AddMessages(ctx, operator(), i.Key, filepath.Base(name), read.Messages)
		if err != nil {
			return err
		}
		fmt.Fprintf(env.stdout, "%s: %d messages imported, %d were there already\n", result.File, result.Added, result.Skipped)
	}
	return nil
}

func readChatFile(name string, o domain.ChatOptions) (domain.Chat, error) {
	file, err := os.Open(name)
	if err != nil {
		return domain.Chat{}, fmt.Errorf("%s cannot be read: %w", name, err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return domain.Chat{}, fmt.Errorf("%s cannot be read: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return domain.Chat{}, usageError{fmt.Errorf("%s is not a file; pack a folder as ZIP first", name)}
	}
	return chat.Read(filepath.Base(name), file, info.Size(), o)
}
