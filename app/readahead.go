package app

import (
	"errors"

	"github.com/followthrough/followthrough/domain"
)

// stories are the histories of some subjects, one after the other.
type stories struct {
	keys []string
	ends []int // of each one's rows
	rows []domain.Change
}

func (s *stories) add(key string, rows []domain.Change) {
	s.keys, s.rows = append(s.keys, key), append(s.rows, rows...)
	s.ends = append(s.ends, len(s.rows))
}

func (s *stories) reset() { s.keys, s.ends, s.rows = s.keys[:0], s.ends[:0], s.rows[:0] }

// each calls use with one history after the other.
func (s *stories) each(use func(string, []domain.Change) error) error {
	begin := 0
	for n, key := range s.keys {
		if err := use(key, s.rows[begin:s.ends[n]:s.ends[n]]); err != nil {
			return err
		}
		begin = s.ends[n]
	}
	return nil
}

// aheadStories is how many histories are handed over at once, aheadParts how
// often so many are there: they go round between reader and user.
const (
	aheadStories = 256
	aheadParts   = 4
)

var errNobodyReads = errors.New("nobody reads the histories any more")

// readAhead calls use with every history that each yields, in the same order,
// while the next ones are being read: a large fold then has two processors. The
// rows are use's until it returns.
func readAhead(each func(func(string, []domain.Change) error) error, use func(string, []domain.Change) error) error {
	full, empty, stop := make(chan *stories, aheadParts), make(chan *stories, aheadParts), make(chan struct{})
	for range aheadParts {
		empty <- &stories{}
	}
	var failed error // of the reading, before full is closed
	go func() {
		defer close(full)
		part := <-empty
		failed = each(func(key string, rows []domain.Change) error {
			if part.add(key, rows); len(part.keys) < aheadStories {
				return nil
			}
			full <- part // never waits: there is room for all of them
			select {
			case part = <-empty:
				part.reset()
				return nil
			case <-stop:
				return errNobodyReads
			}
		})
		if failed == nil {
			full <- part
		}
	}()
	for part := range full {
		if err := part.each(use); err != nil {
			close(stop)
			for range full { // until the reading has ended
			}
			return err
		}
		empty <- part
	}
	return failed
}
