// Package imports reads files of incidents and measures, written by other
// systems or by our own export, into one domain.ImportBatch.
//
// It accepts CSV, JSON, Markdown postmortems and postmortems as plain text. It
// does no I/O beyond the readers it is given and writes nothing. Three rules
// hold everywhere: a missing value stays missing, nothing is guessed, and a bad
// row refuses the whole batch with every bad row named by file, line and
// column. A value that contradicts another one is left out and named in a
// Warning.
package imports
