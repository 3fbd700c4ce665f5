package app

import (
	"context"
	"sync"
	"time"

	"github.com/followthrough/followthrough/domain"
)

type policyStore interface {
	Policy(ctx context.Context) (domain.Policy, error)
	PolicyVersion(ctx context.Context, version int) (domain.Policy, error)
	SavePolicy(ctx context.Context, by domain.Attribution, policy domain.Policy) (domain.Policy, error)
}

// Policies are the organisation's rules. A saved version never changes, so
// versions are kept in memory once read.
type Policies struct {
	Store policyStore
	Now   func() time.Time

	versions sync.Map // int → domain.Policy
}

// Current returns the policy that applies to what is created now.
func (p *Policies) Current(ctx context.Context, by domain.Actor) (domain.Policy, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Policy{}, err
	}
	return p.Store.Policy(ctx)
}

// Version returns one version of the policy.
func (p *Policies) Version(ctx context.Context, by domain.Actor, version int) (domain.Policy, error) {
	if err := by.Require(domain.CanRead); err != nil {
		return domain.Policy{}, err
	}
	return p.version(ctx, version)
}

// Save stores the policy as a new version, valid from now on. What exists
// keeps the version it was created under.
func (p *Policies) Save(ctx context.Context, by domain.Actor, policy domain.Policy, reason string) (domain.Policy, error) {
	if err := by.Require(domain.CanManage); err != nil {
		return domain.Policy{}, err
	}
	if err := policy.Check(); err != nil {
		return domain.Policy{}, err
	}
	policy.Calendar = policy.Calendar.Normal()
	policy.From = p.Now()
	return p.Store.SavePolicy(ctx, attribution(ctx, by, reason), policy)
}

func (p *Policies) version(ctx context.Context, version int) (domain.Policy, error) {
	if known, ok := p.versions.Load(version); ok {
		return known.(domain.Policy), nil
	}
	policy, err := p.Store.PolicyVersion(ctx, version)
	if err != nil {
		return domain.Policy{}, err
	}
	p.versions.Store(version, policy)
	return policy, nil
}

// missingPolicy asks for a policy version that is not in memory. A change
// inside a transaction must not read, so it gives up with this error and is
// tried again once the version has been read.
type missingPolicy int

func (missingPolicy) Error() string { return "policy version not read yet" }

// known returns a version without reading; a missing one is a missingPolicy.
func (p *Policies) known(version int) (domain.Policy, error) {
	if known, ok := p.versions.Load(version); ok {
		return known.(domain.Policy), nil
	}
	return domain.Policy{}, missingPolicy(version)
}
