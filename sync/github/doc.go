// Package github keeps measures in step with the issues of one GitHub
// repository, on github.com and on GitHub Enterprise Server.
//
// It translates between domain values and GitHub's wire formats and sends one
// request where one is enough. It does not sleep, retry, follow redirects or
// decide anything: errors say what happened, and the engine above decides.
// Fields without a home on GitHub (due date, success metric, incident) live in
// a managed block at the end of the text; see block.go.
package github
