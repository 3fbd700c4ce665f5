// Package evidence makes the history provable to somebody who does not trust
// the server: every change is a leaf of a Merkle tree (RFC 6962), the tree's
// head is signed as a checkpoint, and a pack carries leaves, opened values and
// hashes to an auditor, who verifies it without a network or a database.
//
// Everything here is pure: bytes in, bytes out. The store writes leaves in the
// transaction of the change, app decides who may export, cmd holds the key.
//
// Formats: signed notes and checkpoints of C2SP (golang.org/x/mod/sumdb/note),
// hashes of RFC 6962 (golang.org/x/mod/sumdb/tlog). docs/evidence.md describes
// leaves and packs byte by byte; docs/verify holds a second verifier.
package evidence
