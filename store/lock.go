package store

import (
	"errors"
	"os"

	"github.com/followthrough/followthrough/domain"
)

// errLocked says that another process holds the file.
var errLocked = errors.New("the file is locked")

// An SQLite file has two locks beside it. A service holds FILE.lock alone, so
// that there is one service. Everybody who has the file open shares FILE.users,
// which a restore takes alone: it replaces the file under nobody.
func serviceLock(file string) string { return file + ".lock" }
func usersLock(file string) string   { return file + ".users" }

// takeLock takes a lock for this process; who is the refusal when another
// process is in the way. The system lets go of it when the process ends,
// however it ends.
func takeLock(name string, shared bool, who *domain.Error) (*os.File, error) {
	lock, err := lockFile(name, shared)
	if errors.Is(err, errLocked) {
		return nil, who
	}
	return lock, err
}
