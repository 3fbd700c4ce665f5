//go:build unix

package evidence

import (
	"syscall"
	"time"
)

// processTime is the processor time this process has used, collector included:
// unlike the clock on the wall it does not count who else runs on the machine.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
