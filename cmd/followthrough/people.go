package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
)

func (env *environmentOf) personCommand() *cli.Command {
	add := []cli.Flag{
		&cli.StringFlag{Name: "name", Required: true}, &cli.StringFlag{Name: "email"}, &cli.StringFlag{Name: "lang", Usage: "en or de"},
		&cli.StringFlag{Name: "role", Value: string(domain.Member), Usage: "viewer, member, admin or auditor"}, &cli.StringSliceFlag{Name: "team"},
	}
	identity := []cli.Flag{
		&cli.StringFlag{Name: "tracker", Required: true}, &cli.StringFlag{Name: "login", Usage: "GitHub login or Jira Data Center name"},
		&cli.StringFlag{Name: "account", Usage: "immutable account id: GitHub user id or Jira accountId"},
	}
	return group("person", "people and their accounts in trackers",
		command("list", "list people", "", outputFlags(), env.with(env.personList)),
		command("add", "add a person", "", add, env.with(env.personAdd)),
		env.noticesCommand(),
		command("identity", "say which account of a tracker a person has", "PERSON", identity, env.with(env.personIdentity)))
}

func (env *environmentOf) personList(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	people, err := p.app.People.List(ctx, operator())
	if err != nil {
		return err
	}
	out := table{header: []string{"id", "name", "role", "teams", "email"}, items: people}
	for _, person := range people {
		var teams []string
		for _, t := range person.Teams {
			teams = append(teams, string(t))
		}
		out.rows = append(out.rows, []string{string(person.ID), person.Name, string(person.Role), strings.Join(teams, ", "), person.Email})
	}
	return out.print(cmd, env.stdout)
}

func (env *environmentOf) personAdd(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	made, err := p.app.People.Create(ctx, operator(), domain.Person{Name: cmd.String("name"), Email: cmd.String("email"), Language: cmd.String("lang"),
		Role: domain.Role(cmd.String("role")), Teams: enums[domain.TeamID](cmd.StringSlice("team"))})
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s added\n", made.ID)
	return nil
}

func (env *environmentOf) personIdentity(ctx context.Context, cmd *cli.Command, p *program) error {
	person, err := oneArg(cmd, "the person's id, for example p_ana")
	if err != nil {
		return err
	}
	identity := domain.Identity{Tracker: domain.TrackerID(cmd.String("tracker")), Person: domain.PersonID(person), Login: cmd.String("login"), Account: cmd.String("account")}
	if err := p.app.People.SetIdentity(ctx, operator(), identity); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s is %s in %s\n", person, identity.Login+identity.Account, identity.Tracker)
	return nil
}

func (env *environmentOf) teamCommand() *cli.Command {
	add := []cli.Flag{&cli.StringFlag{Name: "name", Required: true}, &cli.StringFlag{Name: "lead"}}
	return group("team", "teams",
		command("list", "list teams", "", outputFlags(), env.with(env.teamList)),
		command("add", "add a team", "", add, env.with(env.teamAdd)))
}

func (env *environmentOf) teamList(ctx context.Context, cmd *cli.Command, p *program) error {
	teams, err := p.app.People.Teams(ctx, operator())
	if err != nil {
		return err
	}
	out := table{header: []string{"id", "name", "lead"}, items: teams}
	for _, t := range teams {
		out.rows = append(out.rows, []string{string(t.ID), t.Name, string(t.Lead)})
	}
	return out.print(cmd, env.stdout)
}

func (env *environmentOf) teamAdd(ctx context.Context, cmd *cli.Command, p *program) error {
	made, err := p.app.People.CreateTeam(ctx, operator(), domain.Team{Name: cmd.String("name"), Lead: domain.PersonID(cmd.String("lead"))})
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s added\n", made.ID)
	return nil
}

func (env *environmentOf) tokenCommand() *cli.Command {
	create := []cli.Flag{
		&cli.StringFlag{Name: "name", Required: true, Usage: "what the token is for"}, &cli.StringFlag{Name: "role", Required: true, Usage: "viewer, member, admin or auditor"},
		&cli.StringFlag{Name: "expires", Value: "90d", Usage: "90d, 12h or never"}, &cli.StringSliceFlag{Name: "team", Usage: "limit the token to these teams"},
	}
	return group("token", "API tokens",
		command("create", "create a token; it is shown once", "", create, env.with(env.tokenCreate)),
		command("list", "list tokens", "", outputFlags(), env.with(env.tokenList)),
		command("revoke", "end a token at once", "ID", nil, env.with(env.tokenRevoke)))
}

func (env *environmentOf) tokenCreate(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	token := domain.Token{Name: cmd.String("name"), Role: domain.Role(cmd.String("role")), Teams: enums[domain.TeamID](cmd.StringSlice("team"))}
	life, err := lifetime(cmd.String("expires"))
	if err != nil {
		return err
	}
	if life > 0 {
		token.ExpiresAt = p.now().Add(life)
	}
	_, secret, err := p.app.Access.CreateToken(ctx, operator(), token)
	if err != nil {
		return err
	}
	fmt.Fprintln(env.stdout, secret)
	fmt.Fprintln(env.stderr, "This token is shown once. Keep it where only its user can read it.")
	return nil
}

// lifetime reads 90d, 12h or never.
func lifetime(text string) (time.Duration, error) {
	if text == "never" {
		return 0, nil
	}
	var days int
	if n, err := fmt.Sscanf(text, "%dd", &days); n == 1 && err == nil && fmt.Sprintf("%dd", days) == text && days > 0 {
		return time.Duration(days) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, usageError{fmt.Errorf("--expires: %q is not accepted; write 90d, 12h or never", text)}
	}
	return d, nil
}

func (env *environmentOf) tokenList(ctx context.Context, cmd *cli.Command, p *program) error {
	tokens, err := p.app.Access.Tokens(ctx, operator())
	if err != nil {
		return err
	}
	out := table{header: []string{"id", "name", "role", "ends with", "expires", "last used", "state"}, items: tokens}
	for _, t := range tokens {
		state := "live"
		if !t.Live(p.now()) {
			state = "ended"
		}
		out.rows = append(out.rows, []string{t.ID, t.Name, string(t.Role), t.Hint, instantIn(t.ExpiresAt, p.cfg.Zone), instantIn(t.UsedAt, p.cfg.Zone), state})
	}
	return out.print(cmd, env.stdout)
}

func (env *environmentOf) tokenRevoke(ctx context.Context, cmd *cli.Command, p *program) error {
	id, err := oneArg(cmd, "the token's id")
	if err != nil {
		return err
	}
	if err := p.app.Access.RevokeToken(ctx, operator(), id); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s revoked\n", id)
	return nil
}
