package evidence

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/followthrough/followthrough/domain"
)

// SealedRow is what the seal covers of one history row from before the log: a
// salted hash, so that the row can be erased later and the seal still holds.
func SealedRow(c domain.Change, salt []byte) []byte {
	var text []byte
	for _, part := range []string{strconv.FormatInt(c.Seq, 10), string(c.Subject), c.Key, strconv.FormatInt(c.SubjectSeq, 10), sealTime(c.At), string(c.Kind),
		c.Field, c.From, c.To, strconv.FormatBool(c.Overwritten), string(c.Source), c.Actor, string(c.OnBehalf), c.External, sealTime(c.ExternalTime),
		c.Request, c.Reason} {
		text = binary.BigEndian.AppendUint32(text, uint32(len(part)))
		text = append(text, part...)
	}
	hash, err := hex.DecodeString(string(Commit(salt, "row", string(text))[1:]))
	if err != nil {
		panic(err) // Commit writes hexadecimal digits
	}
	return hash
}

func sealTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeFormat)
}

// SealData is what leaf 0 says: how many rows were written before the log, and
// the root over what SealedRow makes of each.
func SealData(rows *Range) []Field {
	root := rows.Root()
	return []Field{Datum("rows", strconv.FormatInt(rows.Size(), 10)), Datum("root", hex.EncodeToString(root[:]))}
}

// AddSealed adds one row to the tree of the seal.
func (r *Range) AddSealed(row []byte) { r.Add(tlog.RecordHash(row)) }

// EraseSealed empties the texts of a history row from before the log whose
// fields match, counts them by field and returns how many there were. The
// caller keeps what SealedRow made of the row before.
func EraseSealed(c *domain.Change, match func(field string) bool, counts map[string]int) int {
	n := 0
	erase := func(field, text string) bool {
		if text == "" || clearField(field) || !match(field) {
			return false
		}
		counts[field]++
		n++
		return true
	}
	if created, err := c.Created(); err == nil {
		for name, text := range created {
			if erase(name, text) {
				delete(created, name)
			}
		}
		c.To = domain.CreatedText(created)
	} else {
		if erase(c.Field, c.From) {
			c.From = ""
		}
		if erase(c.Field, c.To) {
			c.To = ""
		}
	}
	if erase("reason", c.Reason) {
		c.Reason = ""
	}
	return n
}
