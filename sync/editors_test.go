package sync_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// TestConflictNamesBothSides: a conflict that a poll finds says who changed
// which side. GitHub keeps no record of texts: there it stays unknown. The
// record is read only when there is a conflict.
func TestConflictNamesBothSides(t *testing.T) {
	inBubble(t, func(b *bench) {
		reads := 0
		b.before = func(r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/events") {
				reads++
			}
		}
		b.work()
		b.pass()
		time.Sleep(time.Minute)
		b.must(b.cleo.Retitle(repo, 1, "What Cleo calls it"))
		b.must(b.cleo.Rewrite(repo, 1, strings.Replace(b.issue().Body, "First line", "Cleo's line", 1)))
		b.edit(domain.MeasureEdit{Title: domain.Some("What Ana calls it"), Description: domain.Some("Ana's line")})
		if reads != 0 {
			t.Fatalf("%d reads of the record without a conflict", reads)
		}
		b.pass()
		list, err := b.db.Conflicts(b.t.Context(), domain.Everything(), domain.ConflictFilter{}, domain.Page{})
		b.must(err)
		got := map[domain.Field][2]string{}
		for _, c := range list.Items {
			got[c.Field] = [2]string{c.OursBy, c.TheirsBy}
			if c.TheirsAt.IsZero() || c.OursAt.IsZero() {
				t.Errorf("%s: ours at %s, theirs at %s", c.Field, c.OursAt, c.TheirsAt)
			}
		}
		if got[domain.FieldTitle] != [2]string{"p_ana", "cleo"} || got[domain.FieldDescription] != [2]string{"p_ana", ""} || len(got) != 2 {
			t.Errorf("conflicts name %v", got)
		}
		if reads != 1 {
			t.Errorf("the record was read %d times, want once", reads)
		}
	})
}
