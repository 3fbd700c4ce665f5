package store

import (
	"context"

	"github.com/followthrough/followthrough/domain"
)

// TrackerStatuses returns how every tracker is doing, in one query.
func (db *DB) TrackerStatuses(ctx context.Context) (map[domain.TrackerID]domain.TrackerStatus, error) {
	var rows []trackerStatusRow
	if err := db.read(ctx).Find(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := make(map[domain.TrackerID]domain.TrackerStatus, len(rows))
	for _, row := range rows {
		status := row.status()
		out[status.Tracker] = status
	}
	return out, nil
}

// LinkCounts counts the links of every tracker by state, without the detached ones.
func (db *DB) LinkCounts(ctx context.Context) (map[domain.TrackerID]map[domain.LinkState]int, error) {
	var rows []struct {
		Tracker string
		State   string
		N       int
	}
	if err := db.read(ctx).Raw("SELECT tracker, state, count(*) AS n FROM links WHERE state <> 'detached' GROUP BY tracker, state").Scan(&rows).Error; err != nil {
		return nil, asDomain(err)
	}
	out := map[domain.TrackerID]map[domain.LinkState]int{}
	for _, row := range rows {
		id := domain.TrackerID(row.Tracker)
		if out[id] == nil {
			out[id] = map[domain.LinkState]int{}
		}
		out[id][domain.LinkState(row.State)] = row.N
	}
	return out, nil
}
