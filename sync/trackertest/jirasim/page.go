package jirasim

import "net/http"

func (s *Server) isPage(r *http.Request) bool { return false }

func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {}
