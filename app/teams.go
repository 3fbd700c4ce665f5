package app

import (
	"context"
	"strings"

	"github.com/followthrough/followthrough/domain"
)

// CreateTeam adds a team.
func (s *People) CreateTeam(ctx context.Context, by domain.Actor, t domain.Team) (domain.Team, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return domain.Team{}, err
	}
	now := s.Now()
	t.Name = strings.TrimSpace(t.Name)
	if t.ID == "" {
		t.ID = domain.TeamID(nameID("t_", t.Name))
	}
	t.CreatedAt, t.UpdatedAt, t.Version = now, now, 1
	if err := s.checkTeam(ctx, t); err != nil {
		return domain.Team{}, err
	}
	made, err := s.Store.CreateTeam(ctx, creation(ctx, by, ""), t)
	if id, ok := replayed(err); ok {
		return s.Store.Team(ctx, domain.TeamID(id))
	}
	return made, err
}

// Team returns one team.
func (s *People) Team(ctx context.Context, by domain.Actor, id domain.TeamID) (domain.Team, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Team{}, err
	}
	if !by.Scope.Allows(id) {
		return domain.Team{}, domain.Errorf(domain.ErrNotFound, "team %s is not known", id)
	}
	return s.Store.Team(ctx, id)
}

// Teams returns the teams the actor belongs to; with every team in sight, all.
func (s *People) Teams(ctx context.Context, by domain.Actor) ([]domain.Team, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return nil, err
	}
	all, err := s.Store.Teams(ctx)
	if err != nil {
		return nil, err
	}
	seen := all[:0]
	for _, t := range all {
		if by.Scope.Allows(t.ID) {
			seen = append(seen, t)
		}
	}
	return seen, nil
}

// EditTeam changes a team.
func (s *People) EditTeam(ctx context.Context, by domain.Actor, id domain.TeamID, version int64, reason string, change func(*domain.Team)) (domain.Team, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return domain.Team{}, err
	}
	trial, err := s.Store.Team(ctx, id)
	if err != nil {
		return domain.Team{}, err
	}
	change(&trial)
	if err := s.checkTeam(ctx, trial); err != nil {
		return domain.Team{}, err
	}
	return s.Store.UpdateTeam(ctx, attribution(ctx, by, reason), id, version, func(t *domain.Team) error {
		change(t)
		t.ID, t.Name, t.UpdatedAt = id, strings.TrimSpace(t.Name), s.Now()
		return t.Check()
	})
}

func (s *People) checkTeam(ctx context.Context, t domain.Team) error {
	if err := t.Check(); err != nil {
		return err
	}
	if t.Lead == "" {
		return nil
	}
	_, err := s.Store.Person(ctx, t.Lead)
	return unknown("lead", string(t.Lead), err)
}
