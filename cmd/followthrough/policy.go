package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
)

func (env *environmentOf) policyCommand() *cli.Command {
	show := append(outputFlags(), &cli.IntFlag{Name: "version", Usage: "an earlier version (default: the current one)"})
	set := []cli.Flag{
		&cli.StringSliceFlag{Name: "due-days", Usage: "days until a due date by priority, for example P0=7,P1=15; P4= takes it away"},
		&cli.StringSliceFlag{Name: "sla-days", Usage: "days until the target by priority, for example P0=5"},
		&cli.StringSliceFlag{Name: "working-days", Usage: "priorities whose days are working days, or none"},
		&cli.StringSliceFlag{Name: "weekend", Usage: "days on which nobody works, for example saturday,sunday"},
		&cli.StringFlag{Name: "holidays", Usage: "a file with all holidays, one YYYY-MM-DD a line; # begins a comment"},
		&cli.StringFlag{Name: "calendar-zone", Usage: "IANA name of the zone of the calendar; empty is the organisation's"},
		&cli.IntFlag{Name: "due-grace-hours", Usage: "how long a first due date may be corrected without that being a move"},
		&cli.StringFlag{Name: "links-since", Usage: "day from which recurrences have been linked; empty is always"},
		&cli.StringFlag{Name: "reason", Usage: "why; it goes to the history"},
	}
	return group("policy", "the organisation's rules, a version at a time",
		command("show", "show what applies to what is created now", "", show, env.with(env.policyShow)),
		command("set", "make a new version of the policy; what exists keeps the one it was made under", "", set, env.with(env.policySet)))
}

func (env *environmentOf) policyShow(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	policy, err := p.app.Policies.Current(ctx, operator())
	if v := cmd.Int("version"); err == nil && v != 0 {
		policy, err = p.app.Policies.Version(ctx, operator(), v)
	}
	if err != nil {
		return err
	}
	return policyTable(policy).print(cmd, env.stdout)
}

// policyTable is the part of a policy that deadlines are made of; JSON has all of it.
func policyTable(p domain.Policy) table {
	out := table{header: []string{"rule", "value"}, items: p}
	add := func(rule, value string) { out.rows = append(out.rows, []string{rule, value}) }
	add("version", strconv.Itoa(p.Version))
	add("due_days", daysText(p.DueDays))
	add("sla_days", daysText(p.SLADays))
	add("verify_days", daysText(p.VerifyDays))
	add("working_days", joinNames(p.WorkingDays))
	var weekend []string
	for _, d := range p.Calendar.Off() {
		weekend = append(weekend, strings.ToLower(d.String()))
	}
	add("weekend", strings.Join(weekend, " "))
	var holidays []string
	for _, d := range p.Calendar.Holidays {
		holidays = append(holidays, d.String())
	}
	add("holidays", strings.Join(holidays, " "))
	add("calendar_zone", p.Calendar.Zone)
	add("links_since", p.LinksSince.String())
	add("due_grace_hours", strconv.Itoa(p.DueGraceHours))
	return out
}

func joinNames[T ~string](list []T) string {
	var names []string
	for _, v := range list {
		names = append(names, string(v))
	}
	return strings.Join(names, " ")
}

func daysText(days map[domain.Priority]int) string {
	var parts []string
	for _, priority := range slices.Sorted(maps.Keys(days)) {
		parts = append(parts, fmt.Sprintf("%s=%d", priority, days[priority]))
	}
	return strings.Join(parts, " ")
}

func (env *environmentOf) policySet(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	policy, err := p.app.Policies.Current(ctx, operator())
	if err != nil {
		return err
	}
	if err := changePolicy(cmd, &policy); err != nil {
		return err
	}
	saved, err := p.app.Policies.Save(ctx, operator(), policy, cmd.String("reason"))
	if err != nil {
		return err
	}
	return policyTable(saved).print(cmd, env.stdout)
}

func changePolicy(cmd *cli.Command, policy *domain.Policy) error {
	given := false
	for _, step := range []struct {
		flag string
		into func() error
	}{
		{"due-days", func() (err error) { policy.DueDays, err = daysByPriority(cmd, "due-days", policy.DueDays); return err }},
		{"sla-days", func() (err error) { policy.SLADays, err = daysByPriority(cmd, "sla-days", policy.SLADays); return err }},
		{"working-days", func() error { policy.WorkingDays = prioritiesOrNone(cmd.StringSlice("working-days")); return nil }},
		{"weekend", func() (err error) { policy.Calendar.Weekend, err = weekdays(cmd.StringSlice("weekend")); return err }},
		{"holidays", func() (err error) { policy.Calendar.Holidays, err = readHolidays(cmd.String("holidays")); return err }},
		{"calendar-zone", func() error { policy.Calendar.Zone = cmd.String("calendar-zone"); return nil }},
		{"due-grace-hours", func() error { policy.DueGraceHours = cmd.Int("due-grace-hours"); return nil }},
		{"links-since", func() (err error) { policy.LinksSince, err = domain.ParseDate(cmd.String("links-since")); return err }},
	} {
		if !cmd.IsSet(step.flag) {
			continue
		}
		given = true
		if err := step.into(); err != nil {
			return err
		}
	}
	if !given {
		return usageError{fmt.Errorf("nothing to change; give at least one rule, see followthrough policy set --help")}
	}
	return nil
}

// daysByPriority changes what is named and leaves the rest.
func daysByPriority(cmd *cli.Command, flag string, before map[domain.Priority]int) (map[domain.Priority]int, error) {
	after := maps.Clone(before)
	for _, part := range cmd.StringSlice(flag) {
		priority, days, ok := strings.Cut(part, "=")
		n, err := strconv.Atoi(days)
		switch {
		case ok && days == "":
			delete(after, domain.Priority(priority))
		case !ok || err != nil:
			return nil, usageError{fmt.Errorf("--%s %q is not a priority with its days; write P0=7", flag, part)}
		default:
			after[domain.Priority(priority)] = n
		}
	}
	return after, nil
}

func prioritiesOrNone(values []string) []domain.Priority {
	if len(values) == 1 && values[0] == "none" {
		return nil
	}
	return enums[domain.Priority](values)
}

func weekdays(given []string) ([]time.Weekday, error) {
	var names []string
	for day := time.Sunday; day <= time.Saturday; day++ {
		names = append(names, day.String())
	}
	var out []time.Weekday
	for _, name := range given {
		day := slices.IndexFunc(names, func(day string) bool { return strings.EqualFold(name, day) })
		if day < 0 {
			return nil, usageError{fmt.Errorf("--weekend %q is not a day of the week; write saturday,sunday", name)}
		}
		out = append(out, time.Weekday(day))
	}
	return out, nil
}

// readHolidays reads one date a line.
func readHolidays(name string) ([]domain.Date, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, usageError{err}
	}
	var out []domain.Date
	for n, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		day, err := domain.ParseDate(line)
		if err != nil {
			return nil, domain.Invalid("holidays", "line %d of %s: %v", n+1, name, err)
		}
		out = append(out, day)
	}
	return out, nil
}
