package app

import (
	"errors"

	"github.com/followthrough/followthrough/domain"
)

// story is the history of one subject.
type story struct {
	key  string
	rows []domain.Change
}

// aheadStories is how many histories are handed over at once.
const aheadStories = 256

var errNobodyReads = errors.New("nobody reads the histories any more")

// readAhead calls use with every history that each yields, in the same order,
// while the next ones are being read: a large fold then has two processors.
func readAhead(each func(func(string, []domain.Change) error) error, use func(string, []domain.Change) error) error {
	parts, stop := make(chan []story, 4), make(chan struct{})
	var failed error // of the reading, before parts is closed
	go func() {
		defer close(parts)
		var part []story
		send := func() error {
			select {
			case parts <- part:
				part = nil
				return nil
			case <-stop:
				return errNobodyReads
			}
		}
		failed = each(func(key string, rows []domain.Change) error {
			if part = append(part, story{key, rows}); len(part) < aheadStories {
				return nil
			}
			return send()
		})
		if failed == nil {
			failed = send()
		}
	}()
	for part := range parts {
		for _, s := range part {
			if err := use(s.key, s.rows); err != nil {
				close(stop)
				for range parts { // until the reading has ended
				}
				return err
			}
		}
	}
	return failed
}
