// Package app holds the operations of Followthrough: one method is one thing
// that somebody can do. The HTTP API, the web pages and the command line all
// decode, call one method here and encode, so they cannot disagree about who
// may do what.
//
// Every operation takes the actor. What an actor may do is decided first, what
// an actor may see is passed on to the store as a scope: rows of other teams
// are not found, never forbidden. Rules about values live in domain.
package app
