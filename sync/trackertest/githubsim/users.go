package githubsim

import (
	"net/http"
	"slices"
	"strconv"
)

// wireProfile is what the user endpoints answer.
type wireProfile struct {
	wireUser
	Name        *string `json:"name"`
	Company     *string `json:"company"`
	Blog        string  `json:"blog"`
	Location    *string `json:"location"`
	Email       *string `json:"email"`
	Hireable    *bool   `json:"hireable"`
	Bio         *string `json:"bio"`
	Twitter     *string `json:"twitter_username"`
	PublicRepos int     `json:"public_repos"`
	PublicGists int     `json:"public_gists"`
	Followers   int     `json:"followers"`
	Following   int     `json:"following"`
	CreatedAt   string  `json:"created_at"`
	UpdatedAt   string  `json:"updated_at"`
	ViewType    string  `json:"user_view_type"`
}

func (c *call) profile(u *user) wireProfile {
	p := wireProfile{wireUser: *c.wireUser(u), CreatedAt: stamp(u.since), UpdatedAt: stamp(u.since), ViewType: "public"}
	for _, r := range c.reposByID {
		if r.owner == u && !r.private && !r.deleted {
			p.PublicRepos++
		}
	}
	return p
}

// getMe, getUser and getUserByID are the identity part of G9.
func (c *call) getMe() *reply {
	if c.who.install != nil {
		return c.fail(http.StatusForbidden, "Resource not accessible by integration", "users/users#get-the-authenticated-user")
	}
	if c.who.user == nil {
		return c.fail(http.StatusUnauthorized, "Requires authentication", "users/users#get-the-authenticated-user")
	}
	return ok(c.profile(c.who.user))
}

func (c *call) getUser() *reply {
	u := c.users[fold(c.params["login"])]
	if u == nil {
		return c.notFound()
	}
	return ok(c.profile(u))
}

func (c *call) getUserByID() *reply {
	id, err := strconv.ParseInt(c.params["account"], 10, 64)
	u := c.usersByID[id]
	if err != nil || u == nil {
		return c.notFound()
	}
	return ok(c.profile(u))
}

// listAssignees and checkAssignee belong to G7.
func (c *call) listAssignees() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	var list []*user
	for _, u := range c.usersByID {
		if assignable(r, u) {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(a, b *user) int { return int(a.id - b.id) })
	return cut(c, c.wireUsers(list))
}

func (c *call) checkAssignee() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	if !assignable(r, c.users[fold(c.params["login"])]) {
		return c.notFound()
	}
	return &reply{status: http.StatusNoContent}
}
