package main

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows that work goes on, on a terminal only.
type progress struct{ bar *progressbar.ProgressBar }

func (env *environmentOf) progress(what string) progress {
	if !isTerminal(env.stderr) {
		return progress{}
	}
	return progress{progressbar.NewOptions(-1, progressbar.OptionSetWriter(env.stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionSpinnerType(14), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetElapsedTime(true))}
}

func (p progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish() // a spinner that cannot be cleared is no reason to fail
	}
}
