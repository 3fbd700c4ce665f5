package githubsim

import (
	"net/url"
	"strings"
)

// wireRepo is a repository as webhooks carry it.
type wireRepo map[string]any

// repoLinks are the members of a repository that are its address with a tail.
func repoLinks() map[string]string {
	return map[string]string{
		"url": "", "forks_url": "/forks", "keys_url": "/keys{/key_id}", "collaborators_url": "/collaborators{/collaborator}",
		"teams_url": "/teams", "hooks_url": "/hooks", "issue_events_url": "/issues/events{/number}", "events_url": "/events",
		"assignees_url": "/assignees{/user}", "branches_url": "/branches{/branch}", "tags_url": "/tags",
		"blobs_url": "/git/blobs{/sha}", "git_tags_url": "/git/tags{/sha}", "git_refs_url": "/git/refs{/sha}",
		"trees_url": "/git/trees{/sha}", "statuses_url": "/statuses/{sha}", "languages_url": "/languages",
		"stargazers_url": "/stargazers", "contributors_url": "/contributors", "subscribers_url": "/subscribers",
		"subscription_url": "/subscription", "commits_url": "/commits{/sha}", "git_commits_url": "/git/commits{/sha}",
		"comments_url": "/comments{/number}", "issue_comment_url": "/issues/comments{/number}",
		"contents_url": "/contents/{+path}", "compare_url": "/compare/{base}...{head}", "merges_url": "/merges",
		"archive_url": "/{archive_format}{/ref}", "downloads_url": "/downloads", "issues_url": "/issues{/number}",
		"pulls_url": "/pulls{/number}", "milestones_url": "/milestones{/number}",
		"notifications_url": "/notifications{?since,all,participating}", "labels_url": "/labels{/name}",
		"releases_url": "/releases{/id}", "deployments_url": "/deployments",
	}
}

func (s *Server) wireRepo(r *repo) wireRepo {
	at := s.repoURL(r)
	page := s.html("/" + url.PathEscape(r.owner.login) + "/" + url.PathEscape(r.name))
	host := s.web.Host
	visibility := "public"
	if r.private {
		visibility = "private"
	}
	w := wireRepo{
		"id": r.id, "node_id": nodeID("R_kgDO", r.id), "name": r.name, "full_name": r.full(), "private": r.private,
		"owner": s.wireUser(r.owner), "html_url": page, "description": nil, "fork": false,
		"created_at": stamp(r.created), "updated_at": stamp(r.updated), "pushed_at": stamp(r.created),
		"git_url": "git://" + host + "/" + r.full() + ".git", "ssh_url": "git@" + host + ":" + r.full() + ".git",
		"clone_url": page + ".git", "svn_url": page, "homepage": nil, "size": 0, "stargazers_count": 0,
		"watchers_count": 0, "language": nil, "has_issues": r.hasIssues, "has_projects": true, "has_downloads": true,
		"has_wiki": true, "has_pages": false, "has_discussions": false, "forks_count": 0, "mirror_url": nil,
		"archived": r.archived, "disabled": false, "open_issues_count": r.open, "license": nil, "allow_forking": true,
		"is_template": false, "web_commit_signoff_required": false, "topics": []string{}, "visibility": visibility,
		"forks": 0, "open_issues": r.open, "watchers": 0, "default_branch": "main",
	}
	for member, tail := range s.links {
		w[member] = at + tail
	}
	return w
}

// getRepo is G1.
func (c *call) getRepo() *reply {
	r, other := c.repo()
	if other != nil {
		return other
	}
	w := c.wireRepo(r)
	w["temp_clone_token"] = nil
	w["network_count"], w["subscribers_count"] = 0, 0
	if r.owner.kind == "Organization" {
		w["organization"] = c.wireUser(r.owner)
		w["custom_properties"] = map[string]any{}
	}
	if c.who.user != nil || c.who.install != nil {
		role := c.role(r)
		w["permissions"] = map[string]bool{
			"admin": role >= RoleAdmin, "maintain": role >= RoleAdmin, "push": role >= RoleWrite,
			"triage": role >= RoleTriage, "pull": role >= RoleRead,
		}
	}
	return ok(w)
}

func splitName(full string) (owner, name string) {
	owner, name, found := strings.Cut(full, "/")
	if !found {
		panic("githubsim: " + full + " is not a repository name of the form owner/name")
	}
	return owner, name
}
