// Package jira is the adapter for Jira Cloud and Jira Data Center: it turns
// issues into snapshots and measures' values into the few requests that change
// an issue, and nothing more. It neither sleeps nor retries on its own; what
// went wrong comes back as a domain.Error that says what to do.
//
// The client library builds requests. Answers are read by our own structs,
// tolerant per record and strict per field, because an odd value must not
// hide a whole page.
package jira
