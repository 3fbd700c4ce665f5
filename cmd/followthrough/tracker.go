package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

func (env *environmentOf) trackerCommand() *cli.Command {
	add := []cli.Flag{
		&cli.StringFlag{Name: "repository", Usage: "GitHub repository, owner/name"},
		&cli.StringFlag{Name: "project", Usage: "Jira project key"},
		&cli.StringFlag{Name: "base-url", Usage: "API address (default for GitHub: https://api.github.com; for Jira: https://SITE.atlassian.net or your own server)"},
		&cli.StringFlag{Name: "flavor", Usage: "dotcom, ghes, cloud or dc (default: from the address)"},
		&cli.StringFlag{Name: "account", Usage: "e-mail of the Jira Cloud account the API token belongs to"},
		&cli.StringFlag{Name: "credential-file", Usage: "file with the token; - reads it from standard input"},
		&cli.StringFlag{Name: "webhook-secret-file", Usage: "file with the webhook secret"},
		&cli.Int64Flag{Name: "app-id", Usage: "GitHub App id; the credential is then its private key"},
		&cli.Int64Flag{Name: "installation-id", Usage: "GitHub App installation id"},
		&cli.StringSliceFlag{Name: "import-label", Usage: "turn issues with this label into measures"},
		&cli.StringFlag{Name: "team", Usage: "team that sees the tracker"},
		&cli.BoolFlag{Name: "allow-public", Usage: "allow a public repository; everybody can read the measures then"},
	}
	return group("tracker", "configure the GitHub repositories and Jira projects to keep in step with",
		command("add", "configure a tracker", "ID", add, env.with(env.trackerAdd)),
		command("list", "list the trackers and how they are doing", "", outputFlags(), env.with(env.trackerList)),
		command("status", "show how one tracker is doing: queue, budget, credential, errors; exit 1 when something is wrong", "ID", []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}}, env.with(env.trackerStatus)),
		command("check", "connect, read labels, workflow and screens, and show what would not survive; exit 1 on any loss", "ID", []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}, &cli.BoolFlag{Name: "save", Usage: "store the suggested mapping"}}, env.with(env.trackerCheck)),
		command("remove", "stop synchronising with a tracker; issues and measures stay", "ID", nil, env.with(env.trackerRemove)),
		env.webhookCommand(),
	)
}

func (env *environmentOf) trackerAdd(ctx context.Context, cmd *cli.Command, p *program) error {
	id, err := oneArg(cmd, "the tracker's id, for example acme-platform")
	if err != nil {
		return err
	}
	t, err := trackerOf(cmd, domain.TrackerID(id))
	if err != nil {
		return err
	}
	var secrets domain.Secrets
	if secrets.Credential, err = env.secretFile(cmd.String("credential-file"), "credential-file"); err != nil {
		return err
	}
	if name := cmd.String("webhook-secret-file"); name != "" {
		secret, err := env.secretFile(name, "webhook-secret-file")
		if err != nil {
			return err
		}
		secrets.WebhookSecrets = []string{secret}
	}
	made, err := p.app.Trackers.Create(ctx, operator(), t, secrets)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s added: %s %s\nNext: followthrough tracker check %s\n", made.ID, made.Kind.Name(), made.Place(), made.ID)
	return nil
}

// trackerOf reads the flags; kind and flavor follow from what was given.
func trackerOf(cmd *cli.Command, id domain.TrackerID) (domain.Tracker, error) {
	t := domain.Tracker{ID: id, Repository: cmd.String("repository"), Project: cmd.String("project"), BaseURL: strings.TrimRight(cmd.String("base-url"), "/"),
		Flavor: domain.Flavor(cmd.String("flavor")), Account: cmd.String("account"), AppID: cmd.Int64("app-id"), InstallationID: cmd.Int64("installation-id"),
		Team: domain.TeamID(cmd.String("team")), AllowPublic: cmd.Bool("allow-public"), ImportRule: domain.ImportRule{Labels: cmd.StringSlice("import-label")}}
	switch {
	case (t.Repository == "") == (t.Project == ""):
		return t, usageError{errors.New("give --repository for GitHub or --project for Jira")}
	case t.Repository != "":
		t.Kind = domain.GitHub
		if t.BaseURL == "" {
			t.BaseURL = "https://api.github.com"
		}
		if t.Flavor == "" {
			t.Flavor = domain.GHES
			if t.BaseURL == "https://api.github.com" {
				t.Flavor = domain.DotCom
			}
		}
	default:
		t.Kind = domain.Jira
		if t.BaseURL == "" {
			return t, usageError{errors.New("give --base-url of your Jira, for example https://acme.atlassian.net")}
		}
		if t.Flavor == "" {
			t.Flavor = domain.DataCenter
			if strings.HasSuffix(t.BaseURL, ".atlassian.net") || strings.HasPrefix(t.BaseURL, "https://api.atlassian.com/") {
				t.Flavor = domain.Cloud
			}
		}
	}
	return t, nil
}

// secretFile reads a secret from a file or standard input: never from an
// argument, which other users of the machine could see.
func (env *environmentOf) secretFile(name, flag string) (string, error) {
	if name == "" {
		return "", usageError{fmt.Errorf("give --%s FILE, or - to read it from standard input", flag)}
	}
	var text []byte
	var err error
	if name == "-" {
		text, err = io.ReadAll(io.LimitReader(env.stdin, 64<<10))
	} else {
		text, err = os.ReadFile(name)
	}
	if err != nil {
		return "", fmt.Errorf("the secret cannot be read: %w", err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", usageError{fmt.Errorf("%s is empty", name)}
	}
	return secret, nil
}

func (env *environmentOf) trackerCheck(ctx context.Context, cmd *cli.Command, p *program) error {
	id, err := oneArg(cmd, "the tracker's id")
	if err != nil {
		return err
	}
	report, err := p.app.Trackers.Check(ctx, operator(), domain.TrackerID(id))
	if err != nil {
		return err
	}
	if cmd.Bool("save") {
		if err := p.saveMapping(ctx, domain.TrackerID(id), report.Suggested); err != nil {
			return err
		}
	}
	if cmd.Bool("json") {
		if err := printJSON(env.stdout, report); err != nil {
			return err
		}
	} else if err := env.printMapping(cmd, id, report); err != nil {
		return err
	}
	if report.Loses() {
		return findingError{errors.New("the mapping would lose data")}
	}
	return nil
}

func (env *environmentOf) printMapping(cmd *cli.Command, id string, report domain.MappingReport) error {
	fmt.Fprintf(env.stdout, "%s: connected as %s\n", id, report.Account)
	out := table{header: []string{"field", "value", "in the tracker", "read back", "result", "note"}}
	for _, r := range report.Rows {
		out.rows = append(out.rows, []string{string(r.Field), r.Value, r.Remote, r.Back, string(r.Loss), r.Note})
	}
	if err := out.print(cmd, env.stdout); err != nil {
		return err
	}
	for _, problem := range report.Problems {
		fmt.Fprintln(env.stdout, "problem:", oneLine(problem))
	}
	for _, note := range report.Notes {
		fmt.Fprintln(env.stdout, "note:", oneLine(note))
	}
	return nil
}

func (env *environmentOf) trackerRemove(ctx context.Context, cmd *cli.Command, p *program) error {
	id, err := oneArg(cmd, "the tracker's id")
	if err != nil {
		return err
	}
	if err := p.app.Trackers.Remove(ctx, operator(), domain.TrackerID(id), 0); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s removed; its issues and the measures stay as they are\n", id)
	return nil
}

// saveMapping stores the mapping that the check suggests.
func (p *program) saveMapping(ctx context.Context, id domain.TrackerID, mapping domain.Mapping) error {
	t, err := p.app.Trackers.Get(ctx, operator(), id)
	if err != nil {
		return err
	}
	_, err = p.app.Trackers.Edit(ctx, operator(), id, t.Version, app.TrackerPatch{Change: func(t *domain.Tracker) { t.Mapping = mapping }, Reason: "suggested by the mapping check"})
	return err
}
