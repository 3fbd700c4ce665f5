package githubsim

import (
	"encoding/json"
	"net/http"
)

func (c *call) fieldMembers(*repo, json.RawMessage, *change) []fieldProblem { return nil }
func (c *call) authenticateApp(string) *reply                               { return c.fail(401, "Bad credentials", "") }
func (s *Server) isPage(*http.Request) bool                                 { return false }
func (s *Server) servePage(http.ResponseWriter, *http.Request)              {}
