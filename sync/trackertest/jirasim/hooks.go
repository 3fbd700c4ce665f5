package jirasim

import "net/http"

// HookPlan says what happens to deliveries on their way.
type HookPlan struct{}

// Sender carries one delivery.
type Sender func(*Delivery) (int, error)

// Delivery is one webhook request.
type Delivery struct{}

type hook struct{}

func (s *Server) hookRoutes() []route { return nil }

func (s *Server) announce(event, kind string, v *revision, ch *change) {}

func (s *Server) isPage(r *http.Request) bool { return false }

func (s *Server) servePage(w http.ResponseWriter, r *http.Request) {}
