// Package domain holds the types and the rules of Followthrough: incidents,
// measures, people, teams, trackers, links and their history.
//
// It imports the standard library only and does no I/O. Time is always an
// argument. Every rule of the product lives here and nowhere else; api, web
// and the command line cannot disagree because they all end in this room.
package domain
