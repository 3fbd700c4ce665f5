package github

import (
	"net/http"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// Classify tells the governor what a request is for, from its address alone.
func Classify(r *http.Request) domain.Call {
	call := domain.Call{Class: domain.CallRead, Resource: "core"}
	path := strings.Trim(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/"), "api/v3/"), "/")
	parts := strings.Split(path, "/")
	rest := below(parts)
	if len(rest) >= 2 && rest[0] == "issues" {
		call.Issue = strings.Join(parts[:len(parts)-len(rest)], "/") + "#" + rest[1]
	}
	list := len(rest) == 1 && rest[0] == "issues"
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		call.Class = domain.CallWrite
		if list && r.Method == http.MethodPost {
			call.Class = domain.CallCreate
		}
		if parts[0] == "app" {
			call.Class, call.Issue = domain.CallRead, "" // a token exchange changes nothing
		}
	case list && r.URL.Query().Get("sort") == "created" && r.URL.Query().Get("direction") == "desc":
		call.Class = domain.CallProbe
	}
	return call
}

// below is the part of a path below the repository.
func below(parts []string) []string {
	switch {
	case len(parts) > 3 && parts[0] == "repos":
		return parts[3:]
	case len(parts) > 2 && parts[0] == "repositories":
		return parts[2:]
	}
	return nil
}
