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

// Queues counts what waits to be done for every tracker.
func (db *DB) Queues(ctx context.Context) (map[domain.TrackerID]domain.Queue, error) {
	clock, args := db.dbNow(db.now())
	// A row of the work schedule belongs to the tracker of its link, or names the tracker itself.
	const owner = "COALESCE(links.tracker, trackers.id)"
	var rows []struct {
		Tracker string
		What    string
		N       int
	}
	err := db.read(ctx).Raw("SELECT links.tracker AS tracker, CASE WHEN links.state = 'creating' THEN 'create' ELSE 'push' END AS what, count(*) AS n "+
		"FROM links JOIN measures ON measures.key = links.measure WHERE links.live AND (links.state = 'creating' OR measures.version > links.pushed_version) GROUP BY 1, 2 "+
		"UNION ALL SELECT tracker, 'delivery', count(*) FROM deliveries WHERE state = 'stored' GROUP BY tracker "+
		"UNION ALL SELECT "+owner+", CASE WHEN works.dead THEN 'parked' ELSE 'due' END, count(*) FROM works "+
		"LEFT JOIN links ON works.key = 'link:' || links.id LEFT JOIN trackers ON works.key = works.kind || ':' || trackers.id "+
		"WHERE works.wanted > works.done AND (works.dead OR works.run_at <= "+clock+") AND "+owner+" IS NOT NULL GROUP BY 1, 2", args...).Scan(&rows).Error
	if err != nil {
		return nil, asDomain(err)
	}
	out := map[domain.TrackerID]domain.Queue{}
	for _, row := range rows {
		queue := out[domain.TrackerID(row.Tracker)]
		switch row.What {
		case "create":
			queue.Creates = row.N
		case "push":
			queue.Pushes = row.N
		case "delivery":
			queue.Deliveries = row.N
		case "due":
			queue.Due = row.N
		case "parked":
			queue.Parked = row.N
		}
		out[domain.TrackerID(row.Tracker)] = queue
	}
	return out, nil
}
