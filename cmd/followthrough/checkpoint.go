package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// checkpointFile keeps the last signed head of the evidence log beside the
// database: a backup that is restored does not take it along, so that what was
// lost is found out.
type checkpointFile string

// Load implements app.CheckpointKeeper.
func (f checkpointFile) Load() ([]byte, error) {
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return nil, nil
	}
	return text, err
}

// Keep implements app.CheckpointKeeper: whole or not at all.
func (f checkpointFile) Keep(checkpoint []byte) error {
	if err := os.MkdirAll(filepath.Dir(string(f)), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(string(f)), filepath.Base(string(f))+".*.part") // two programs may sign at once
	if err != nil {
		return fmt.Errorf("the checkpoint cannot be kept: %w", err)
	}
	_, err = file.Write(checkpoint)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), string(f))
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

const (
	// signEvery is the longest time that a change stays unsigned.
	signEvery = time.Minute
	// witnessKind is the work that shows the log to its witness; the schedule gives
	// it to one of several replicas and repeats it when the tracker is down.
	witnessKind  = "witness"
	witnessLease = 5 * time.Minute
)

// tendLog signs the log while the service runs, once more at its end, and shows
// it to its witness once a day.
func (p *program) tendLog(ctx context.Context) {
	log := p.log.With("component", "evidence")
	sign := func(ctx context.Context) {
		if err := p.app.Evidence.Sign(ctx); err != nil && ctx.Err() == nil {
			log.Error("the evidence log is not signed", "error", err)
		}
	}
	if p.cfg.Witness.Tracker != "" {
		if err := p.planWitness(ctx); err != nil {
			log.Error("the checkpoint cannot be planned to be posted", "error", err)
		}
	}
	for tick := time.NewTicker(signEvery); ; {
		sign(ctx)
		if err := p.witness(ctx); err != nil && ctx.Err() == nil {
			log.Warn("the checkpoint was not posted", "issue", p.cfg.Witness.String(), "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			sign(end)
			return
		}
	}
}

// planWitness makes sure that the post is in the schedule, a day after the last.
func (p *program) planWitness(ctx context.Context) error {
	at := p.now()
	status, err := p.app.Evidence.Status(ctx, domain.System())
	if err != nil {
		return err
	}
	for _, w := range status.Witnessed {
		if w.Place == p.cfg.Witness.String() && w.At.Add(app.WitnessPause).After(at) {
			at = w.At.Add(app.WitnessPause)
		}
	}
	return p.db.ScheduleAt(ctx, p.witnessKey(), witnessKind, at)
}

// witness posts what is due.
func (p *program) witness(ctx context.Context) error {
	if p.cfg.Witness.Tracker == "" {
		return nil
	}
	works, err := p.db.ClaimWork(ctx, "evidence", []string{witnessKind}, 1, witnessLease, p.now())
	if err != nil || len(works) == 0 {
		return err
	}
	lease, result := works[0].Lease, domain.WorkResult{}
	if lease.Key == p.witnessKey() { // another issue may have been configured before
		if err = p.app.Evidence.PostCheckpoint(ctx); err != nil {
			result = domain.WorkResult{Err: err, RetryAt: p.now().Add(15 * time.Minute)}
		} else {
			result.Again = p.now().Add(app.WitnessPause)
		}
	}
	return errors.Join(err, p.db.FinishWork(context.WithoutCancel(ctx), lease, result, p.now()))
}

func (p *program) witnessKey() string { return witnessKind + ":" + p.cfg.Witness.String() }
