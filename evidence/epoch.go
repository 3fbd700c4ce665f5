package evidence

import (
	"errors"
	"strconv"
)

// Epoch is what a leaf says about a restore: the log was at Lost leaves, and
// goes on behind its first Kept ones under a new number.
type Epoch struct {
	Number, Lost, Kept int64
	Leaf               int64 // that says it
	Reason             string
}

// Data is what the leaf says. lostRoot is empty when nobody knows it any more.
func (e Epoch) Data(lostRoot string) []Field {
	data := []Field{Datum("epoch", strconv.FormatInt(e.Number, 10)), Datum("lost_size", strconv.FormatInt(e.Lost, 10)),
		Datum("kept_size", strconv.FormatInt(e.Kept, 10)), Datum("reason", e.Reason)}
	if lostRoot != "" {
		data = append(data, Datum("lost_root", lostRoot))
	}
	return data
}

// ParseEpoch reads the leaf of an epoch.
func ParseEpoch(index int64, l *Leaf) (Epoch, error) {
	e := Epoch{Leaf: index, Reason: l.Said("reason")}
	for name, into := range map[string]*int64{"epoch": &e.Number, "lost_size": &e.Lost, "kept_size": &e.Kept} {
		n, err := strconv.ParseInt(l.Data(name), 10, 64)
		if err != nil || n < 0 || l.Kind != KindEpoch {
			return e, errors.New("it tells of no epoch")
		}
		*into = n
	}
	return e, nil
}
