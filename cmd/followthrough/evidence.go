package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/evidence"
)

func (env *environmentOf) evidenceCommand() *cli.Command {
	knownOn := &cli.StringFlag{Name: "known-on", Usage: "date up to which things had been written down (default: now)"}
	return group("evidence", "the tamper-evident log: packs for auditors, checkpoints, erasure",
		command("export", "write a pack that an auditor verifies without this server", "", []cli.Flag{
			&cli.StringFlag{Name: "from", Usage: "first day of the period"}, &cli.StringFlag{Name: "to", Usage: "last day of the period (default: today)"},
			&cli.StringFlag{Name: "incident", Usage: "only this incident and its measures"}, &cli.StringFlag{Name: "team", Usage: "only what belongs to this team"},
			&cli.StringFlag{Name: "out", Usage: "file to write (default: a name from the period)"}}, env.with(env.evidenceExport)),
		&cli.Command{Name: "verify", Usage: "verify a pack, offline; exit 0 all right, 1 something is wrong, 2 cannot be judged", ArgsUsage: "PACK", Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "key", Usage: "public key of the log, NAME+HASH+KEY, or a file with it; again for a key that signed before; never take it from the pack"},
			&cli.StringFlag{Name: "since", Usage: "file of an older checkpoint that the log must continue"}}, Action: env.evidenceVerify},
		command("status", "what is signed, and who outside has seen it; exit 1 when nothing is signed any more", "", []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}}, env.with(env.evidenceStatus)),
		command("key", "print the public key that checkpoints are signed with", "", []cli.Flag{
			&cli.BoolFlag{Name: "former", Usage: "also the keys that signed before, each with the head in which it signed the name of the next"}}, env.with(env.evidenceKey)),
		command("rotate-key", "sign with a new key from now on; the present key signs its name first", "", []cli.Flag{
			&cli.StringFlag{Name: "reason", Usage: "why; it stands in the log for ever"}}, env.with(env.evidenceRotateKey)),
		command("checkpoint", "sign the log as it is now and print its head, to be kept elsewhere", "", nil, env.with(env.evidenceCheckpoint)),
		command("proof", "prove that one leaf is in the log, as a C2SP tlog-proof with a signed head", "LEAF", nil, env.with(env.evidenceProof)),
		command("post", "show the head to the configured issue now", "", nil, env.with(env.evidencePost)),
		command("check", "hold the whole log against the database; exit 1 when they differ", "", nil, env.with(env.evidenceCheck)),
		command("register", "the register of measures as it was known on a date, as CSV", "", []cli.Flag{knownOn}, env.with(env.evidenceRegister)),
		command("flags", "what an auditor would look at twice", "", append(outputFlags(), knownOn), env.with(env.evidenceFlags)),
		command("new-epoch", "sign again although the log does not continue what was signed before", "", []cli.Flag{
			&cli.StringFlag{Name: "reason", Usage: "why; it stands in the log for ever"}}, env.with(env.evidenceNewEpoch)),
		command("erase", "take texts out of the present and the history; every proof stays valid", "measure|incident|review|person KEY", []cli.Flag{
			&cli.StringSliceFlag{Name: "field", Usage: "title, description, summary, closure_note, external_owner or reason; of a review summary, communication, teamwork, entry/ID or message/ID; of a person everything goes"},
			&cli.StringFlag{Name: "reason", Usage: "on which ground; it stands in the history"}}, env.with(env.evidenceErase)))
}

// verdictError is a verdict that was printed already.
type verdictError struct {
	error
	code int
}

func (env *environmentOf) evidenceExport(ctx context.Context, cmd *cli.Command, p *program) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	today := domain.DateOf(p.now().UTC())
	q := app.PackQuery{From: today, To: today, Incident: domain.IncidentKey(cmd.String("incident")), Team: domain.TeamID(cmd.String("team"))}
	if !cmd.IsSet("from") {
		return usageError{errors.New("evidence export needs --from DATE, the first day of the period")}
	}
	for name, into := range map[string]*domain.Date{"from": &q.From, "to": &q.To} {
		if text := cmd.String(name); text != "" {
			d, err := domain.ParseDate(text)
			if err != nil {
				return usageError{fmt.Errorf("--%s: %w", name, err)}
			}
			*into = d
		}
	}
	part, err := os.CreateTemp(".", ".evidence-*.part")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(part.Name()) }() // renamed by then
	bar := env.progress("exporting")
	pack, err := p.app.Evidence.Export(ctx, operator(), q, part)
	bar.done()
	if err = errors.Join(err, part.Sync(), part.Close()); err != nil {
		return err
	}
	name := cmd.String("out")
	if name == "" {
		name = pack.Name
	}
	if _, err := os.Stat(name); err == nil {
		return domain.Errorf(domain.ErrConflict, "%s exists already; choose another name with --out", name)
	}
	if err := os.Rename(part.Name(), name); err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s written: %d leaves disclosed of %d in the log.\nVerify it with: followthrough evidence verify %s --key KEY\nHand the key over on another way than the pack: %s\n",
		name, pack.Leaves, pack.Checkpoint.Size, name, pack.Key)
	return nil
}

// evidenceVerify needs no configuration, no database and no network.
func (env *environmentOf) evidenceVerify(_ context.Context, cmd *cli.Command) error {
	name, err := oneArg(cmd, "the pack to verify")
	if err != nil {
		return err
	}
	key, err := textsOrFiles(cmd.StringSlice("key"))
	if err != nil || key == "" {
		return usageError{errors.Join(errors.New("evidence verify needs --key NAME+HASH+KEY, or a file with it"), err)}
	}
	var since []byte
	if file := cmd.String("since"); file != "" {
		if since, err = readSmall(file); err != nil {
			return usageError{fmt.Errorf("--since: %w", err)}
		}
	}
	info, err := os.Stat(name) // before opening: a pipe would wait for ever
	if err != nil || !info.Mode().IsRegular() {
		return usageError{errors.Join(fmt.Errorf("%s is not a file", name), err)}
	}
	pack, err := os.Open(name)
	if err != nil {
		return usageError{fmt.Errorf("the pack cannot be read: %w", err)}
	}
	defer func() { _ = pack.Close() }() // read only
	verdict := evidence.Verify(pack, info.Size(), key, since)
	for line := range strings.Lines(verdict.String()) { // findings may quote the pack, which may be hostile
		fmt.Fprintln(env.stdout, printable(strings.TrimSuffix(line, "\n")))
	}
	if code := verdict.ExitCode(); code != exitFine {
		return verdictError{errors.New("the pack is not all right"), code}
	}
	return nil
}

// printable keeps control characters from driving the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

func textsOrFiles(values []string) (string, error) {
	var texts []string
	for _, v := range values {
		text, err := textOrFile(v)
		if err != nil {
			return "", err
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "\n"), nil
}

// textOrFile takes a key as it is, or from a file.
func textOrFile(v string) (string, error) {
	if v == "" || strings.Count(v, "+") >= 2 {
		return v, nil
	}
	text, err := readSmall(v)
	return strings.TrimSpace(string(text)), err
}

func readSmall(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // read only
	return io.ReadAll(io.LimitReader(file, evidence.MaxCheckpoint+1))
}

func (env *environmentOf) evidenceStatus(ctx context.Context, cmd *cli.Command, p *program) error {
	s, err := p.app.Evidence.Status(ctx, operator())
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		err = printJSON(env.stdout, s)
	} else {
		fmt.Fprintf(env.stdout, "log      %s, epoch %d, %d leaves\nkey      %s\nsigned   %s\n", s.Name, s.Epoch, s.Size, s.Key, orNever(s.SignedAt))
		for _, w := range s.Witnessed {
			fmt.Fprintf(env.stdout, "seen by  %s %s at %s: %d leaves %s\n", w.Kind, oneLine(w.Place), stamp(w.At), w.Size, oneLine(w.Reference))
		}
		if len(s.Witnessed) == 0 {
			fmt.Fprintln(env.stdout, "seen by  nobody outside; set FOLLOWTHROUGH_WITNESS_ISSUE, or hand a checkpoint to somebody")
		}
	}
	if err == nil && s.Problem != "" {
		fmt.Fprintln(env.stderr, "followthrough:", s.Problem)
		return findingError{errors.New(s.Problem)}
	}
	return err
}

func orNever(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return stamp(t)
}

func (env *environmentOf) evidenceKey(ctx context.Context, cmd *cli.Command, p *program) error {
	s, err := p.app.Evidence.Status(ctx, operator())
	if err != nil {
		return err
	}
	fmt.Fprintln(env.stdout, s.Key)
	if cmd.Bool("former") {
		for _, f := range s.Former {
			fmt.Fprintf(env.stdout, "\nbefore: %s\n\n%s", f.Key, f.Announcement)
		}
	}
	return nil
}

func (env *environmentOf) evidenceRotateKey(ctx context.Context, cmd *cli.Command, p *program) error {
	key, err := p.app.Evidence.RotateKey(ctx, operator(), strings.TrimSpace(cmd.String("reason")))
	if err == nil {
		fmt.Fprintf(env.stdout, "%s signs from now on. Hand it over like the one before, which older packs and checkpoints still need.\n", key)
	}
	return err
}

func (env *environmentOf) evidenceProof(ctx context.Context, cmd *cli.Command, p *program) error {
	arg, err := oneArg(cmd, "the number of a leaf")
	if err != nil {
		return err
	}
	leaf, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return usageError{fmt.Errorf("%q is not the number of a leaf; evidence flags and packs name them", arg)}
	}
	proof, err := p.app.Evidence.LeafProof(ctx, operator(), leaf)
	if err == nil {
		_, err = env.stdout.Write(proof)
	}
	return err
}

func (env *environmentOf) evidenceCheckpoint(ctx context.Context, _ *cli.Command, p *program) error {
	note, err := p.app.Evidence.Checkpoint(ctx, operator())
	if err == nil {
		_, err = env.stdout.Write(note)
	}
	return err
}

func (env *environmentOf) evidencePost(ctx context.Context, _ *cli.Command, p *program) error {
	if p.cfg.Witness.Tracker == "" {
		return usageError{errors.New("no issue is configured; set FOLLOWTHROUGH_WITNESS_ISSUE=TRACKER#ISSUE")}
	}
	if err := p.app.Evidence.PostCheckpoint(ctx); err != nil {
		return err
	}
	fmt.Fprintln(env.stdout, "posted into", p.cfg.Witness.String())
	return nil
}

func (env *environmentOf) evidenceCheck(ctx context.Context, _ *cli.Command, p *program) error {
	bar := env.progress("checking")
	err := p.app.Evidence.Check(ctx, operator())
	bar.done()
	if err == nil {
		fmt.Fprintln(env.stdout, "the log, the history and what they lead to agree")
	}
	return err
}

// audit waits until the log is read up to the date of --known-on.
func audit(ctx context.Context, cmd *cli.Command, p *program) (at time.Time, err error) {
	if text := cmd.String("known-on"); text != "" {
		d, err := domain.ParseDate(text)
		if err != nil {
			return at, usageError{fmt.Errorf("--known-on: %w", err)}
		}
		at = p.app.Reports.EndOf(d)
	}
	return at, p.app.Evidence.Await(ctx, operator(), at)
}

func (env *environmentOf) evidenceRegister(ctx context.Context, cmd *cli.Command, p *program) error {
	at, err := audit(ctx, cmd, p)
	if err != nil {
		return err
	}
	return p.app.Evidence.WriteRegister(ctx, operator(), at, env.stdout)
}

func (env *environmentOf) evidenceFlags(ctx context.Context, cmd *cli.Command, p *program) error {
	at, err := audit(ctx, cmd, p)
	if err != nil {
		return err
	}
	flags := []app.RedFlag{}
	for page := (domain.Page{Limit: 200}); ; {
		list, err := p.app.Evidence.Flags(ctx, operator(), at, "", page)
		if err != nil {
			return err
		}
		flags = append(flags, list.Items...)
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			break
		}
	}
	out := table{header: []string{"flag", "measure", "at", "what"}, items: flags}
	for _, f := range flags {
		out.rows = append(out.rows, []string{f.Flag, f.Key, f.At, f.Text})
	}
	return out.print(cmd, env.stdout)
}

func (env *environmentOf) evidenceNewEpoch(ctx context.Context, cmd *cli.Command, p *program) error {
	epoch, err := p.app.Evidence.NewEpoch(ctx, operator(), strings.TrimSpace(cmd.String("reason")))
	if err == nil {
		fmt.Fprintf(env.stdout, "epoch %d has begun; tell everybody who keeps an older checkpoint why\n", epoch)
	}
	return err
}

func (env *environmentOf) evidenceErase(ctx context.Context, cmd *cli.Command, p *program) error {
	if cmd.Args().Len() != 2 {
		return usageError{errors.New("evidence erase takes two arguments: measure, incident, review or person, and its key")}
	}
	n, err := p.app.Evidence.Erase(ctx, operator(), app.Erasure{Subject: domain.Subject(cmd.Args().Get(0)), Key: cmd.Args().Get(1), Fields: cmd.StringSlice("field"), Reason: cmd.String("reason")})
	if err == nil {
		fmt.Fprintf(env.stdout, "%d values erased. Backups and packs from before still hold them.\n", n)
	}
	return err
}
