package store_test

import (
	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/store"
	tracksync "github.com/followthrough/followthrough/sync"
)

// The store serves the operations and the synchronisation.
var (
	_ app.Store            = (*store.DB)(nil)
	_ tracksync.Store      = (*store.DB)(nil)
	_ tracksync.Schedule   = (*store.DB)(nil)
	_ tracksync.Inbox      = (*store.DB)(nil)
	_ tracksync.LimitStore = (*store.DB)(nil)
)
