package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/web/document"
	"github.com/followthrough/followthrough/web/i18n"
)

// documents writes the documents of reviews.
func (p *program) documents() (*document.Author, error) {
	texts, err := i18n.New()
	return &document.Author{Reviews: p.app.Reviews, People: p.app.People, Texts: texts, Zone: p.cfg.Zone, Now: p.now, Language: p.cfg.Language}, err
}

func documentFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "format", Value: string(domain.DocumentMarkdown), Usage: "md or html (print it as PDF with a browser)"},
		&cli.IntFlag{Name: "version", Usage: "a published version (default: the latest)"},
		&cli.BoolFlag{Name: "draft", Usage: "the working copy, as it would be published now"},
	}
}

func (env *environmentOf) reviewDocument(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the incident's key, for example INC-3")
	if err != nil {
		return err
	}
	format := domain.DocumentFormat(cmd.String("format"))
	if !slices.Contains(domain.DocumentFormats(), format) {
		return usageError{fmt.Errorf("--format: %q is not accepted; use md or html", string(format))}
	}
	author, err := p.documents()
	if err != nil {
		return err
	}
	file, err := author.Write(ctx, operator(), domain.DocumentRequest{Incident: domain.IncidentKey(key), Version: cmd.Int("version"), Draft: cmd.Bool("draft"),
		Format: format})
	if err != nil {
		return err
	}
	_, err = env.stdout.Write(file.Text)
	return err
}

func (env *environmentOf) reviewVersions(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the incident's key, for example INC-3")
	if err != nil {
		return err
	}
	versions, err := p.app.Reviews.Versions(ctx, operator(), domain.IncidentKey(key))
	if err != nil {
		return err
	}
	type item struct {
		Number  int
		At      time.Time
		By      string
		Summary string
	}
	out := table{header: []string{"version", "published", "by"}}
	items := make([]item, len(versions))
	for n, v := range versions {
		items[n] = item{v.Number, v.At, v.By, domain.FillSummary(v.Document.Review.Summary, v.Document.Numbers)}
		out.rows = append(out.rows, []string{strconv.Itoa(v.Number), instantIn(v.At, p.cfg.Zone), v.By})
	}
	out.items = items
	return out.print(cmd, env.stdout)
}

func (env *environmentOf) reviewCompare(ctx context.Context, cmd *cli.Command, p *program) error {
	if cmd.Args().Len() != 3 {
		return usageError{fmt.Errorf("%s takes the incident's key and two versions, for example INC-3 1 3", cmd.FullName())}
	}
	var versions [2]int
	for n := range versions {
		text := cmd.Args().Get(n + 1)
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 {
			return usageError{fmt.Errorf("%q is not a version; use a number from 1", text)}
		}
		versions[n] = number
	}
	changes, err := p.app.Reviews.Compare(ctx, operator(), domain.IncidentKey(cmd.Args().First()), versions[0], versions[1])
	if err != nil {
		return err
	}
	out := table{header: []string{"field", "from", "to"}, items: changes}
	for _, c := range changes {
		out.rows = append(out.rows, []string{c.Field, c.From, c.To})
	}
	return out.print(cmd, env.stdout)
}
