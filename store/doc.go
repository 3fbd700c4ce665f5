// Package store keeps Followthrough's data: SQLite inside the program, or
// PostgreSQL, behind one set of functions.
//
// One operation is one transaction. A write to an incident or a measure goes
// through record: the row with a version guard, the history rows with a
// gapless number, and the wake-up of the measure's live links commit together
// or not at all. Nothing here decides a rule; callers bring a function that
// changes a domain value and does no I/O.
//
// On SQLite one goroutine owns the only writing connection and commits the
// operations that are waiting at that moment together, each under its own
// savepoint; the caller is answered after the commit has reached the disk.
package store
