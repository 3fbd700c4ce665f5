package githubsim

// HookPlan is a placeholder.
type HookPlan struct{}

// Sender is a placeholder.
type Sender func()

type hook struct{}

type delivery struct{}

func (s *Server) emit(*repo, string, string, *user, map[string]any) {}
func (s *Server) emitIssue(*issue, string, *user, map[string]any)   {}
func (s *Server) hookRepo(r *repo) wireRepo                         { return s.wireRepo(r) }
