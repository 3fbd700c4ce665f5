package domain

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`) //nolint:gochecknoglobals // compiled once

// Placeholders lists the names in braces that a text asks for, each once.
func Placeholders(text string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// SummaryNames lists the names that a management summary may use.
func SummaryNames() []string {
	return slices.Sorted(maps.Keys(SummaryNumbers(Incident{}, Rollup{}, Talk{})))
}

// checkPlaceholders names what a summary asks for and nobody can fill in.
func checkPlaceholders(bad *problems, summary string) {
	known := SummaryNames()
	for _, name := range Placeholders(summary) {
		if !slices.Contains(known, name) {
			bad.add("summary", "{%s} is not a number that can be filled in; use {%s}", name, strings.Join(known, "} {"))
		}
	}
}

// FillSummary puts numbers in the place of their names; an unknown name stays.
func FillSummary(text string, numbers map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		if value, ok := numbers[name[1:len(name)-1]]; ok {
			return value
		}
		return name
	})
}

// unknownNumber stands for what cannot be told.
const unknownNumber = "?"

// SummaryNumbers are the numbers a management summary may name: lengths of
// time of the incident, counts of its measures, and how it was talked about.
func SummaryNumbers(i Incident, r Rollup, talk Talk) map[string]string {
	between := func(from, to time.Time) string {
		if from.IsZero() || to.IsZero() || to.Before(from) {
			return unknownNumber
		}
		return SpanText(to.Sub(from))
	}
	count := strconv.Itoa
	silence := unknownNumber
	if talk.Dated > 0 {
		silence = SpanText(talk.Longest)
	}
	severity := string(i.Severity)
	if severity == "" {
		severity = unknownNumber
	}
	return map[string]string{
		"key": string(i.Key), "severity": severity,
		"duration": between(i.StartedAt, i.ResolvedAt), "time_to_detect": between(i.StartedAt, i.DetectedAt), "time_to_mitigate": between(i.DetectedAt, i.MitigatedAt),
		"measures": count(r.Total), "done": count(r.Done), "verified": count(r.Verified), "open": count(r.Open), "overdue": count(r.Overdue), "recurrences": count(r.Recurrences),
		"messages": count(talk.Messages), "gaps": count(talk.Silences()), "longest_silence": silence,
	}
}

// SpanText writes a length of time in units that read the same in every language.
func SpanText(d time.Duration) string {
	minutes := int(d.Round(time.Minute) / time.Minute)
	switch {
	case minutes < 1:
		return "< 1 min"
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes%60 == 0:
		return fmt.Sprintf("%d h", minutes/60)
	}
	return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
}
