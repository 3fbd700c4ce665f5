//go:build unix

package store

import (
	"errors"
	"os"
	"syscall"
)

// errLocked says that another process holds the file.
var errLocked = errors.New("the file is locked")

// lockFile takes the file for this process. The system lets go of it when the
// process ends, however it ends.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, err
	}
	return f, nil
}
