package githubsim

import "fmt"

// RenameRepo changes a repository's name. The old address redirects.
func (p Person) RenameRepo(full, name string) error {
	return p.administer(full, func(s *Server, r *repo, by *user) error {
		old := r.name
		if err := s.rehome(r, r.owner, name); err != nil {
			return err
		}
		s.emit(r, "repository", "renamed", by, changes("repository", map[string]any{"name": map[string]any{"from": old}}))
		return nil
	})
}

// TransferRepo gives a repository to another account. The old address
// redirects.
func (p Person) TransferRepo(full, owner string) error {
	return p.administer(full, func(s *Server, r *repo, by *user) error {
		old := r.owner
		if err := s.rehome(r, s.mustUser(owner), r.name); err != nil {
			return err
		}
		kind, from := "user", any(s.wireUser(old))
		if old.kind == "Organization" {
			kind, from = "organization", s.wireOrg(old)
		}
		s.emit(r, "repository", "transferred", by, changes("owner", map[string]any{"from": map[string]any{kind: from}}))
		return nil
	})
}

func changes(member string, v any) map[string]any {
	return map[string]any{"changes": map[string]any{member: v}}
}

func (s *Server) rehome(r *repo, owner *user, name string) error {
	to := fold(owner.login + "/" + name)
	if s.repos[to] != nil {
		return fmt.Errorf("githubsim: there already is a repository %s/%s", owner.login, name)
	}
	from := fold(r.full())
	delete(s.repos, from)
	s.moved[from] = r.id
	delete(s.moved, to)
	r.owner, r.name, r.updated = owner, name, s.now()
	s.repos[to] = r
	s.epoch++
	return nil
}

// administer runs f on a repository as one of its administrators.
func (p Person) administer(full string, f func(*Server, *repo, *user) error) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	r, by := p.s.mustRepo(full), p.s.mustUser(p.login)
	if r.role(by) < RoleAdmin {
		return fmt.Errorf("githubsim: %s does not administer %s", p.login, full)
	}
	if err := f(p.s, r, by); err != nil {
		return err
	}
	p.s.tick()
	return nil
}

// Archive makes a repository read-only, or writable again.
func (p Person) Archive(full string, archived bool) error {
	return p.administer(full, func(s *Server, r *repo, by *user) error {
		r.archived = archived
		action := "archived"
		if !archived {
			action = "unarchived"
		}
		s.emit(r, "repository", action, by, nil)
		return nil
	})
}

// SetVisibility makes a repository private or public.
func (p Person) SetVisibility(full string, private bool) error {
	return p.administer(full, func(s *Server, r *repo, by *user) error {
		r.private = private
		action := "publicized"
		if private {
			action = "privatized"
		}
		s.emit(r, "repository", action, by, nil)
		return nil
	})
}

// SetIssues switches the issues of a repository on or off.
func (p Person) SetIssues(full string, enabled bool) error {
	return p.administer(full, func(_ *Server, r *repo, _ *user) error {
		r.hasIssues = enabled
		return nil
	})
}

// DeleteRepo deletes a repository: 404 from then on.
func (p Person) DeleteRepo(full string) error {
	return p.administer(full, func(s *Server, r *repo, by *user) error {
		s.emit(r, "repository", "deleted", by, nil)
		r.deleted = true
		delete(s.repos, fold(r.full()))
		return nil
	})
}

// CreateLabel adds a label to a repository.
func (p Person) CreateLabel(full, name, color string) error {
	return p.administer(full, func(s *Server, r *repo, by *user) error {
		if r.labels[fold(name)] != nil {
			return fmt.Errorf("githubsim: %s already has a label %s", full, name)
		}
		l := s.newLabel(r, name, color, nil)
		s.emit(r, "label", "created", by, map[string]any{"label": s.wireLabel(r, l)})
		return nil
	})
}

// RenameLabel renames a label. Issues that carry it show the new name, and
// their updated_at does not move.
func (p Person) RenameLabel(full, old, name string) error {
	return p.administer(full, func(s *Server, r *repo, by *user) error {
		l := r.labels[fold(old)]
		if l == nil || r.labels[fold(name)] != nil && fold(old) != fold(name) {
			return fmt.Errorf("githubsim: %s cannot rename label %s to %s", full, old, name)
		}
		delete(r.labels, fold(old))
		from := l.name
		l.name = name
		r.labels[fold(name)] = l
		s.epoch++
		members := changes("name", map[string]any{"from": from})
		members["label"] = s.wireLabel(r, l)
		s.emit(r, "label", "edited", by, members)
		return nil
	})
}

// DeleteLabel deletes a label and takes it off every issue, whose updated_at
// does not move.
func (p Person) DeleteLabel(full, name string) error {
	return p.administer(full, func(s *Server, r *repo, by *user) error {
		l := r.labels[fold(name)]
		if l == nil {
			return fmt.Errorf("githubsim: %s has no label %s", full, name)
		}
		delete(r.labels, fold(name))
		l.deleted = true
		for _, i := range r.byUpdated {
			v := i.cur()
			v.labels = minus(v.labels, []*label{l})
		}
		s.epoch++
		s.emit(r, "label", "deleted", by, map[string]any{"label": s.wireLabel(r, l)})
		return nil
	})
}

// RenameUser changes a login everywhere. The old login is free at once.
func (s *Server) RenameUser(old, login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.mustUser(old)
	if s.users[fold(login)] != nil {
		panic("githubsim: there already is a user " + login)
	}
	delete(s.users, fold(old))
	for _, r := range s.reposByID {
		if r.owner == u && !r.deleted {
			delete(s.repos, fold(r.full()))
			s.moved[fold(r.full())] = r.id
			s.repos[fold(login+"/"+r.name)] = r
		}
	}
	u.login = login
	s.users[fold(login)] = u
	s.epoch++
	s.tick()
}

// Block suspends a user, who then cannot be assigned, or lifts that.
func (s *Server) Block(login string, blocked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustUser(login).blocked = blocked
	s.tick()
}

// RemoveUser deletes an account. Issues it wrote stay, with a null user, and
// its tokens stop working.
func (s *Server) RemoveUser(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.mustUser(login)
	u.gone, u.blocked = true, true
	delete(s.users, fold(login))
	delete(s.usersByID, u.id)
	for value, t := range s.tokens {
		if t.user == u {
			delete(s.tokens, value)
		}
	}
	s.epoch++
	s.tick()
}

// Emit sends a webhook of any event and action, for receivers that must take
// events they do not know without complaint.
func (p Person) Emit(full, event, action string, members map[string]any) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.emit(p.s.mustRepo(full), event, action, p.s.mustUser(p.login), members)
}
