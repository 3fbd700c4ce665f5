// Package web serves the pages of Followthrough: HTML made on the server, with
// one style sheet and one small script of our own and nothing from elsewhere.
// Every page works without the script.
//
// A handler decodes, calls one operation of package app and encodes, as the API
// does; who may do what is decided there. A page makes at most eight queries.
package web
