package imports_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/followthrough/followthrough/domain"
	"github.com/followthrough/followthrough/imports"
)

const learned = `# Search was slow

## Timeline

All times in CET

| Date and Time | Event |
|---|---|
| 2024-03-01 23:50 | The queue grew |
| 2024-03-02 --:-- | A day without a time |

- 00:10 - Paged
### 1:05 AM
The cache was emptied.

## Contributing factors

* The cache had no limit,
  and nobody knew.

## Lessons learned

### What went well

- The page came in a minute

### What went wrong

Two people restarted the same host.

### Where we got lucky
1. It was night

## Action Items

- [ ] Limit the cache
`

// What a report says beside its action items becomes the draft of a review.
func TestReportsBecomeReviews(t *testing.T) {
	read, err := imports.Read([]imports.File{{Name: "report.md", Data: strings.NewReader(learned)}}, imports.Options{Now: realNow()})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range read.Batch.Incidents[0].Entries {
		at := ""
		if !e.At.IsZero() {
			at = e.At.Format("2006-01-02T15:04Z ")
		}
		got = append(got, fmt.Sprintf("%s %s%s", e.Kind, at, e.Text))
	}
	want := []string{"observation 2024-03-01T22:50Z The queue grew", "observation 2024-03-01T23:10Z Paged", "observation 2024-03-02T00:05Z The cache was emptied.",
		"contributing The cache had no limit, and nobody knew.", "worked The page came in a minute", "failed Two people restarted the same host.", "lucky It was night"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(read.Batch.Measures) != 1 {
		t.Errorf("%d measures", len(read.Batch.Measures))
	}
}

// The real reports: most of them say how the incident went and what was learned.
func TestRealReportsBecomeReviews(t *testing.T) {
	dir := filepath.Join(sharedDir(t), "raw")
	counts := map[domain.ReviewSection]int{}
	reports, reviewed := 0, 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		reports++
		read, err := imports.Read([]imports.File{{Name: filepath.Base(path), Data: bytes.NewReader(data)}}, imports.Options{Now: realNow(), Zone: time.UTC})
		if err != nil {
			return nil //nolint:nilerr // some hold no action items; what they need is tested elsewhere
		}
		for _, i := range read.Batch.Incidents {
			if len(i.Entries) > 0 {
				reviewed++
			}
			for _, e := range i.Entries {
				counts[e.Section]++
				if e.Section == domain.SectionTimeline && (e.At.Year() < 2015 || e.At.After(realNow())) {
					t.Errorf("%s: %s %q", path, e.At, e.Text)
				}
			}
		}
		return nil
	})
	t.Log(reports, "reports,", reviewed, "with a review,", counts)
	if err != nil || reviewed < 60 || counts[domain.SectionTimeline] < 400 || counts[domain.SectionLesson] < 50 || counts[domain.SectionCause] < 40 {
		t.Errorf("%d reports, %d with a review, %v; %v", reports, reviewed, counts, err)
	}
}
