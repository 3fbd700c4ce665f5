//go:build windows

package store

import (
	"errors"
	"os"
	"syscall"
)

// errLocked says that another process holds the file.
var errLocked = errors.New("the file is locked")

const errorSharingViolation = syscall.Errno(32)

// lockFile opens the file without sharing it. The system lets go of it when
// the process ends, however it ends.
func lockFile(name string) (*os.File, error) {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	handle, err := syscall.CreateFile(path, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errorSharingViolation) {
		return nil, errLocked
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(handle), name), nil
}
