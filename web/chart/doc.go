// Package chart draws the statistics as pictures: pure functions from the
// results of package metrics to SVG, with one line of text before any ink and
// the same data as a table beside it.
//
// The pictures carry classes only. Colours and fonts are CSS variables of
// Stylesheet, for light and dark; nothing is styled inline, so they fit a page
// with a strict content policy. Text stays text. Every picture has a title and a
// description for screen readers, and marks can link to their lists.
//
// Shape and text say whatever colour says. Bars start at zero. The one accent
// colour means "past the promise".
package chart
