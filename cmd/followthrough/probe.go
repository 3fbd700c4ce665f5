package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
	"github.com/followthrough/followthrough/probe"
	tracksync "github.com/followthrough/followthrough/sync"
)

// probeReader reads success metrics from the hosts that the operator has allowed.
func (p *program) probeReader() *probe.Reader {
	return probe.NewReader(p.cfg.ProbeHosts, tracksync.NewTransport(p.cfg.ProbeHosts))
}

// metricCommands are the commands of "measure" about its success metric.
func (env *environmentOf) metricCommands() []*cli.Command {
	observe := []cli.Flag{&cli.FloatFlag{Name: "value"}, &cli.StringFlag{Name: "file", Usage: "CSV with the columns measure, at, value and note, instead of KEY and --value; all rows or none"},
		&cli.BoolFlag{Name: "dry-run", Usage: "check the file and write nothing"}, &cli.StringFlag{Name: "at", Usage: "instant of the observation, RFC 3339 (default: now)"}, &cli.StringFlag{Name: "note"}}
	set := []cli.Flag{
		&cli.StringFlag{Name: "kind", Usage: "prometheus or json"}, &cli.StringFlag{Name: "url", Usage: "root of the Prometheus, or address of the JSON document, on a host of FOLLOWTHROUGH_PROBE_HOSTS"},
		&cli.StringFlag{Name: "query", Usage: "PromQL that yields one number, or a JSON pointer such as /data/p95"},
		&cli.IntFlag{Name: "every-hours", Usage: "time between two readings", Value: 24},
		&cli.BoolFlag{Name: "now", Usage: "take a reading at once"}, &cli.BoolFlag{Name: "remove", Usage: "read it no more; what was read stays"},
	}
	return []*cli.Command{
		command("observe", "add a value of the success metric, or many from a CSV", "[KEY]", observe, env.with(env.measureObserve)),
		command("effect", "what the success metric shows: attained, sustained, shift, and when a person judges it", "KEY", []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}}, env.with(env.measureEffect)),
		command("probe", "show, set or remove from where the success metric is read by itself", "KEY", set, env.with(env.measureProbe)),
	}
}

func (env *environmentOf) measureObserve(ctx context.Context, cmd *cli.Command, p *program) error {
	if cmd.IsSet("file") {
		return env.importObservations(ctx, cmd, p)
	}
	if !cmd.IsSet("value") {
		return usageError{errors.New("give --value NUMBER, or --file FILE with a CSV")}
	}
	key, err := oneArg(cmd, "the measure's key")
	if err != nil {
		return err
	}
	at := p.now()
	if text := cmd.String("at"); text != "" {
		if at, err = time.Parse(time.RFC3339, text); err != nil {
			return usageError{fmt.Errorf("%q is not an instant; write it as 2026-11-24T10:00:00Z", text)}
		}
	}
	_, err = p.app.Measures.AddObservations(ctx, operator(), domain.MeasureKey(key), []domain.Observation{{At: at, Value: cmd.Float("value"), Note: cmd.String("note")}})
	if err == nil {
		fmt.Fprintf(env.stdout, "%s observed for %s\n", domain.FormatNumber(cmd.Float("value")), key)
	}
	return err
}

func (env *environmentOf) importObservations(ctx context.Context, cmd *cli.Command, p *program) error {
	if cmd.IsSet("value") || cmd.Args().Present() {
		return usageError{errors.New("--file says measures and values itself; leave KEY and --value out")}
	}
	name := cmd.String("file")
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", name, err)
	}
	defer func() { _ = file.Close() }()
	observations, err := imports.Observations(imports.File{Name: filepath.Base(name), Data: file}, imports.Options{Now: p.now(), Zone: p.cfg.Zone})
	if err != nil {
		return err
	}
	dry := cmd.Bool("dry-run")
	if err := p.app.Measures.ImportObservations(ctx, operator(), observations, dry); err != nil {
		return err
	}
	verb := "observed"
	if dry {
		verb = "would be observed; nothing was written"
	}
	fmt.Fprintf(env.stdout, "%d values %s\n", len(observations), verb)
	return nil
}

func (env *environmentOf) measureProbe(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := oneArg(cmd, "the measure's key")
	if err != nil {
		return err
	}
	of := domain.MeasureKey(key)
	switch {
	case cmd.Bool("remove"):
		if cmd.IsSet("url") {
			return usageError{errors.New("--remove and --url exclude each other")}
		}
		if err := p.app.Measures.RemoveProbe(ctx, operator(), of, 0); err != nil {
			return err
		}
		fmt.Fprintf(env.stdout, "%s is read no more\n", key)
		return nil
	case cmd.IsSet("url"):
		_, err := p.app.Measures.SetProbe(ctx, operator(), domain.MetricProbe{Measure: of, Kind: domain.ProbeKind(cmd.String("kind")), URL: cmd.String("url"),
			Query: cmd.String("query"), EveryHours: cmd.Int("every-hours")}, "")
		if err != nil {
			return err
		}
	}
	if cmd.Bool("now") {
		set, m, err := p.db.ProbeOf(ctx, operator().Scope, of)
		if err == nil {
			err = probe.Take(ctx, p.db, p.probeReader(), set, m, p.now())
		}
		if err != nil {
			return err
		}
	}
	set, err := p.app.Measures.Probe(ctx, operator(), of)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s\nevery %d h, last reading %s\n", set.Text(), set.EveryHours, orDash(stamp(set.ReadAt)))
	if set.LastError != "" {
		fmt.Fprintf(env.stdout, "failed at %s: %s\n", stamp(set.LastErrorAt), set.LastError)
	}
	return nil
}
