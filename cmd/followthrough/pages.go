package main

import (
	"net/http"
	"strings"

	"github.com/followthrough/followthrough/api"
	"github.com/followthrough/followthrough/imports/chat"
	"github.com/followthrough/followthrough/web"
)

// withPages puts the pages beside the API: what belongs to programs goes to
// the API, everything else is a page.
func (p *program) withPages(server *api.Server) (http.Handler, error) {
	ip := server.Echo().IPExtractor
	pages, err := web.New(web.Options{App: p.app, Now: p.now, Zone: p.cfg.Zone, Language: p.cfg.Language, PublicURL: p.cfg.PublicURL,
		Log: p.log.With("component", "pages"), Version: version, ClientIP: ip, ReadChat: chat.Read})
	if err != nil {
		return nil, err
	}
	programs := server.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if forPrograms(r.URL.Path) {
			programs.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	}), nil
}

func forPrograms(path string) bool {
	for _, prefix := range []string{"/api/", "/hooks/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return path == "/api" || path == "/healthz" || path == "/readyz"
}
