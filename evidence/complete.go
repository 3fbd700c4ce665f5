package evidence

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// checkReports computes the readable files again from the leaves, all at once.
func (v *verifier) checkReports() error {
	wrong := map[string]*error{fileChanges: new(error)}
	v.judgeFile(fileChanges, v.changes, wrong[fileChanges])
	var all sync.WaitGroup
	for name, write := range v.reports.files() {
		err := new(error)
		wrong[name] = err
		all.Go(func() {
			sum := sha256.New()
			out := bufio.NewWriterSize(sum, 1<<16)
			if *err = errors.Join(write(out), out.Flush()); *err == nil {
				v.judgeFile(name, sum, err)
			}
		})
	}
	all.Wait()
	v.out.Flags = len(v.reports.book.Flags())
	for _, name := range packFiles() { // the first one, always the same
		if err := wrong[name]; err != nil && *err != nil {
			return *err
		}
	}
	return nil
}

func (v *verifier) judgeFile(name string, sum hash.Hash, err *error) {
	if [sha256.Size]byte(sum.Sum(nil)) != v.sums[name] {
		*err = fmt.Errorf("%s is not what the leaves say", name)
	}
}

// checkIndex judges completeness: the heads in the pack against the root that
// the pack's leaf holds.
func (v *verifier) checkIndex() error {
	var r Range
	in := bufio.NewScanner(v.a.open(fileIndex))
	in.Buffer(make([]byte, 4096), 4096)
	var last string
	shown := 0
	for in.Scan() {
		line := in.Text()
		if text, ok := strings.CutPrefix(line, "# "); ok {
			h, err := hex.DecodeString(text)
			if err != nil || len(h) != tlog.HashSize {
				return errors.New("index.txt has a line that is no hash")
			}
			r.Add(tlog.Hash(h))
			v.out.Hidden++
			continue
		}
		shown++
		parts := strings.SplitN(line, " ", 3)
		if len(parts) != 3 || parts[0]+" "+parts[1] <= last {
			return errors.New("the lines of index.txt are not in order")
		}
		last = parts[0] + " " + parts[1]
		r.Add(tlog.RecordHash([]byte(line)))
		if !v.shown(line, parts) {
			v.out.incomplete(Wrong, "the log has other or newer changes of %.80s than the pack shows", last)
		}
	}
	if in.Err() != nil {
		return errors.New("index.txt has a line that is too long")
	}
	v.out.Subjects = len(v.chains)
	root := r.Root()
	if hex.EncodeToString(root[:]) != v.own.leaf.Data("root") || strconv.Itoa(shown+v.out.Hidden) != v.own.leaf.Data("subjects") {
		return errors.New("index.txt does not have the root that the log holds")
	}
	v.judge(shown)
	return nil
}

// shown reports whether a line of the index is the head of a chain in the pack.
func (v *verifier) shown(line string, parts []string) bool {
	key, err := url.PathUnescape(parts[1])
	if err != nil {
		return false
	}
	c := v.chains[[2]string{parts[0], key}]
	return c != nil && c.head.line() == line
}

func (v *verifier) judge(shown int) {
	if shown != len(v.chains) {
		v.out.incomplete(Wrong, "the pack shows changes of %d subjects and its index names %d", len(v.chains), shown)
	}
	if v.scope.Everything() && (v.out.Hidden > 0 || int64(v.out.Leaves) != v.scope.Upto) {
		v.out.incomplete(Wrong, "the pack claims to show everything, but shows %d of %d leaves", v.out.Leaves, v.scope.Upto)
	}
	if strconv.Itoa(v.out.Leaves) != v.own.leaf.Data("leaves") {
		v.out.incomplete(Wrong, "the pack shows %d leaves and the log says %.20s", v.out.Leaves, v.own.leaf.Data("leaves"))
	}
	withheld := 0
	for _, c := range v.chains {
		for _, n := range c.unopened {
			withheld += n
		}
	}
	if withheld > 0 {
		v.out.incomplete(CannotJudge, "%d values are not opened and no leaf says that they were erased", withheld)
	}
	if v.out.Hidden > 0 {
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("%d subjects of the log are outside the scope and not shown", v.out.Hidden))
	}
	if v.out.Unopened > withheld {
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("%d values were erased; the log says so", v.out.Unopened-withheld))
	}
	if v.out.Flags > 0 {
		v.out.Notes = append(v.out.Notes, fmt.Sprintf("%d red flags; see report.html", v.out.Flags))
	}
}
