package app

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/followthrough/followthrough/domain"
)

func TestReadAhead(t *testing.T) {
	broken := errors.New("broken")
	const many = (aheadParts+2)*aheadStories + 7
	for name, c := range map[string]struct {
		n, readFails, useFails int // which one fails, -1 none
		want                   error
	}{
		"none":               {0, -1, -1, nil},
		"few":                {3, -1, -1, nil},
		"many":               {many, -1, -1, nil},
		"reading fails":      {many, 2 * aheadStories, -1, broken},
		"use fails at once":  {many, -1, 0, broken},
		"use fails at last":  {many, -1, many - 1, broken},
		"use fails in a few": {3, -1, 1, broken},
	} {
		t.Run(name, func(t *testing.T) {
			var want, got []string
			ended := false
			err := readAhead(func(f func(string, []domain.Change) error) error {
				defer func() { ended = true }()
				for n := range c.n {
					if n == c.readFails {
						return broken
					}
					want = append(want, strconv.Itoa(n))
					if err := f(strconv.Itoa(n), history(n)); err != nil {
						return err
					}
				}
				return nil
			}, func(key string, rows []domain.Change) error {
				if len(got) == c.useFails {
					return broken
				}
				if diff := cmp.Diff(history(len(got)), rows, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("history %s (-want +got):\n%s", key, diff)
				}
				got = append(got, key)
				return nil
			})
			if !errors.Is(err, c.want) || !ended {
				t.Fatalf("error %v, reading ended %v", err, ended)
			}
			if c.want == nil && !slices.Equal(want, got) || c.useFails >= 0 && len(got) != c.useFails {
				t.Fatalf("%d of %d histories", len(got), len(want))
			}
		})
	}
}

// history is a made-up history of 0 to 2 rows.
func history(n int) []domain.Change {
	rows := make([]domain.Change, n%3)
	for k := range rows {
		rows[k] = domain.Change{Seq: int64(k), Key: strconv.Itoa(n)}
	}
	return rows
}
