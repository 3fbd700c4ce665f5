package store

import (
	"container/list"
	"sync"

	"github.com/followthrough/followthrough/domain"
)

// measureCache keeps measures by number and version. A stored version never
// changes, so an entry that matches the version just read from the database is
// right, whoever wrote it. It is bounded by the memory of what it holds.
type measureCache struct {
	limit int

	mu    sync.Mutex // guards all below
	size  int
	order *list.List // of *cached, most recently used in front
	byNum map[int64]*list.Element
}

type cached struct {
	num     int64
	size    int
	measure domain.Measure
}

// entryOverhead is the memory of an entry beside its texts.
const entryOverhead = 1200

func newMeasureCache(limit int) *measureCache {
	return &measureCache{limit: limit, order: list.New(), byNum: map[int64]*list.Element{}}
}

// take fills measures for the heads it knows and returns the places of the others.
func (c *measureCache) take(heads []head, measures []domain.Measure) (missing []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n, h := range heads {
		e, ok := c.byNum[h.num]
		if !ok || e.Value.(*cached).measure.Version != h.version {
			missing = append(missing, n)
			continue
		}
		c.order.MoveToFront(e)
		measures[n] = ownMetric(e.Value.(*cached).measure)
	}
	return missing
}

// ownMetric gives a copy numbers of its own.
func ownMetric(m domain.Measure) domain.Measure {
	if m.Metric.Baseline != nil {
		v := *m.Metric.Baseline
		m.Metric.Baseline = &v
	}
	if m.Metric.Target != nil {
		v := *m.Metric.Target
		m.Metric.Target = &v
	}
	return m
}

// put keeps a committed measure; an older version never replaces a newer one.
func (c *measureCache) put(num int64, m domain.Measure) {
	size := entryOverhead + len(m.Title) + len(m.Description) + len(m.ClosureNote) + len(m.Metric.Name)
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byNum[num]; ok {
		if e.Value.(*cached).measure.Version > m.Version {
			return
		}
		c.drop(e)
	}
	if size > c.limit/8 {
		return
	}
	c.byNum[num] = c.order.PushFront(&cached{num: num, size: size, measure: ownMetric(m)})
	c.size += size
	for c.size > c.limit {
		c.drop(c.order.Back())
	}
}

func (c *measureCache) drop(e *list.Element) {
	old := c.order.Remove(e).(*cached)
	delete(c.byNum, old.num)
	c.size -= old.size
}
