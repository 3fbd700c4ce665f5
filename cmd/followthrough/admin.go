package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/urfave/cli/v3"

	"github.com/followthrough/followthrough/store"
)

func (env *environmentOf) migrateCommand() *cli.Command {
	return group("migrate", "the database schema",
		command("status", "show which migrations are applied; exit 1 when some are not", "", nil, env.withoutMigrating(env.migrateStatus)),
		command("up", "apply what is missing", "", nil, env.withoutMigrating(env.migrateUp)))
}

// withoutMigrating opens the program on whatever schema there is.
func (env *environmentOf) withoutMigrating(run func(context.Context, *cli.Command, *program) error) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		cfg, err := loadConfig(cmd, env.environ)
		if err != nil {
			return usageError{err}
		}
		p, err := openStoreOnly(ctx, cfg, newLogger(env.stderr, cfg.LogLevel))
		if err != nil {
			return err
		}
		defer func() { _ = p.Close() }()
		return run(ctx, cmd, p)
	}
}

func (env *environmentOf) migrateStatus(ctx context.Context, _ *cli.Command, p *program) error {
	steps, err := p.db.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	missing := 0
	for _, s := range steps {
		state := "applied"
		if !s.Applied {
			state = "missing"
			missing++
		}
		fmt.Fprintf(env.stdout, "%4d  %-8s %s\n", s.Version, state, s.File)
	}
	if missing > 0 {
		return findingError{fmt.Errorf("%d migrations are missing", missing)}
	}
	return nil
}

func (env *environmentOf) migrateUp(ctx context.Context, _ *cli.Command, p *program) error {
	steps, err := p.db.Migrate(ctx)
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		fmt.Fprintln(env.stdout, "the schema is up to date")
	}
	for _, s := range steps {
		fmt.Fprintf(env.stdout, "%4d  applied  %s\n", s.Version, s.File)
	}
	return nil
}

func (env *environmentOf) backupCommand() *cli.Command {
	return command("backup", "write a consistent, verified copy of the embedded database", "FILE", nil, env.with(func(ctx context.Context, cmd *cli.Command, p *program) error {
		file, err := oneArg(cmd, "the file to write")
		if err != nil {
			return err
		}
		bar := env.progress("backing up")
		err = p.db.Backup(ctx, file)
		bar.done()
		if err != nil {
			return err
		}
		fmt.Fprintf(env.stdout, "%s written and verified. Keep %s with it: without that key stored credentials cannot be read.\n", file, p.cfg.SecretKeyFile)
		return nil
	}))
}

func (env *environmentOf) restoreCommand() *cli.Command {
	return command("restore", "put a backup in the place of the embedded database; the service must be stopped", "FILE", nil, func(ctx context.Context, cmd *cli.Command) error {
		file, err := oneArg(cmd, "the backup to restore")
		if err != nil {
			return err
		}
		cfg, err := loadConfig(cmd, env.environ)
		if err != nil {
			return usageError{err}
		}
		bar := env.progress("restoring")
		err = store.Restore(ctx, file, store.Options{URL: cfg.DatabaseURL, DataDir: cfg.DataDir})
		bar.done()
		if err != nil {
			return err
		}
		fmt.Fprintf(env.stdout, "%s verified and restored. What was there before is kept beside it with the suffix .before-restore.\n", file)
		return env.restoredLog(ctx, cfg, file)
	})
}

// restoredLog says what the restore means for the evidence log. A backup lacks
// what was signed after it was made; the log then begins a new epoch.
func (env *environmentOf) restoredLog(ctx context.Context, cfg Config, backup string) error {
	p, err := openProgram(ctx, cfg, newLogger(env.stderr, max(cfg.LogLevel, 4)), beside)
	if err != nil {
		return err
	}
	epoch, err := p.app.Evidence.AfterRestore(ctx, operator(), filepath.Base(backup))
	if epoch > 0 {
		fmt.Fprintf(env.stdout, "The backup lacks changes that were signed already, so the evidence log begins epoch %d. Tell everybody who keeps a checkpoint.\n", epoch)
	}
	return errors.Join(err, p.Close())
}

func (env *environmentOf) versionCommand() *cli.Command {
	return &cli.Command{Name: "version", Usage: "print the version", Action: func(context.Context, *cli.Command) error {
		fmt.Fprintf(env.stdout, "followthrough %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return nil
	}}
}
