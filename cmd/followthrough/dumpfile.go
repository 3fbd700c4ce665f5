package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/followthrough/followthrough/domain"
)

// dumpFile keeps the folded statistics in the data folder. It is a cache of this
// machine: every replica has its own, a backup does not need it, and whoever
// deletes it loses nothing but the time to fold the history once more.
type dumpFile string

func dumpFileOf(cfg Config) dumpFile {
	return dumpFile(filepath.Join(cfg.DataDir, "statistics.cache"))
}

// Read implements app.Dumps.
func (f dumpFile) Read() (io.ReadCloser, error) {
	in, err := os.Open(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, domain.Errorf(domain.ErrNotFound, "there is no %s yet", filepath.Base(string(f)))
	}
	return in, err
}

// Write implements app.Dumps: beside the file first, so that a crash leaves the
// old one whole.
func (f dumpFile) Write(write func(io.Writer) error) error {
	beside := string(f) + ".new"
	out, err := os.OpenFile(beside, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("the statistics cannot be kept: %w", err)
	}
	buffered := bufio.NewWriterSize(out, 1<<20)
	err = errors.Join(write(buffered), buffered.Flush(), out.Close())
	if err == nil {
		err = os.Rename(beside, string(f))
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	return nil
}
