package api

import (
	"net/http"
	"reflect"

	"github.com/followthrough/followthrough/app"
	"github.com/followthrough/followthrough/domain"
)

// trackerJSON never carries a secret: the last four characters and the date say
// which one is in use.
type trackerJSON struct {
	ID                string            `json:"id"`
	Kind              string            `json:"kind" doc:"github or jira"`
	Flavor            string            `json:"flavor" doc:"dotcom or ghes; cloud or dc"`
	BaseURL           string            `json:"base_url"`
	Repository        *string           `json:"repository"`
	Project           *string           `json:"project"`
	Team              *string           `json:"team"`
	Account           *string           `json:"account" doc:"the e-mail that goes with a Jira Cloud token"`
	AppID             *int64            `json:"app_id" doc:"GitHub App"`
	InstallationID    *int64            `json:"installation_id" doc:"GitHub App"`
	Mapping           mappingJSON       `json:"mapping"`
	ConflictPolicy    map[string]string `json:"conflict_policy" doc:"per field: ours, tracker, newest, merge or ask"`
	ImportRule        *importRuleJSON   `json:"import_rule"`
	AllowPublic       bool              `json:"allow_public"`
	Paused            bool              `json:"paused"`
	PauseReason       *string           `json:"pause_reason"`
	CredentialHint    *string           `json:"credential_hint" doc:"its last four characters"`
	CredentialSetAt   *string           `json:"credential_set_at" format:"date-time"`
	CredentialExpires *string           `json:"credential_expires" format:"date-time"`
	WebhookSecretSet  bool              `json:"webhook_secret_set"`
	CreatedAt         *string           `json:"created_at" format:"date-time"`
	UpdatedAt         *string           `json:"updated_at" format:"date-time"`
	Version           int64             `json:"version"`
}

type mappingJSON struct {
	PriorityLabels  map[string]string   `json:"priority_labels"`
	InProgressLabel *string             `json:"in_progress_label"`
	ExtraLabels     []string            `json:"extra_labels" nullable:"false"`
	IssueType       *string             `json:"issue_type"`
	Statuses        map[string][]string `json:"statuses" doc:"per open, in_progress, done, cancelled: status ids in order of preference"`
	Priorities      map[string]string   `json:"priorities"`
	Resolutions     map[string]string   `json:"resolutions"`
	WontDo          []string            `json:"wont_do" nullable:"false"`
	DueField        *string             `json:"due_field"`
	MetricField     *string             `json:"metric_field"`
}

type importRuleJSON struct {
	Labels []string `json:"labels" nullable:"false"`
	JQL    *string  `json:"jql"`
}

func plainMap[K ~string, V, W any](m map[K]V, convert func(V) W) map[string]W {
	out := make(map[string]W, len(m))
	for k, v := range m {
		out[string(k)] = convert(v)
	}
	return out
}

func mappingOf(m domain.Mapping) mappingJSON {
	return mappingJSON{PriorityLabels: plainMap(m.PriorityLabels, same), InProgressLabel: orNull(m.InProgressLabel), ExtraLabels: list(m.ExtraLabels),
		IssueType: orNull(m.IssueType), Statuses: plainMap(m.Statuses, list[string]), Priorities: plainMap(m.Priorities, same),
		Resolutions: plainMap(m.Resolutions, same), WontDo: list(m.WontDo), DueField: orNull(m.DueField), MetricField: orNull(m.MetricField)}
}

func trackerOf(t domain.Tracker) trackerJSON {
	out := trackerJSON{ID: string(t.ID), Kind: string(t.Kind), Flavor: string(t.Flavor), BaseURL: t.BaseURL, Repository: orNull(t.Repository),
		Project: orNull(t.Project), Team: orNull(t.Team), Account: orNull(t.Account), Mapping: mappingOf(t.Mapping),
		ConflictPolicy: plainMap(t.ConflictPolicy, func(r domain.Resolution) string { return string(r) }), AllowPublic: t.AllowPublic, Paused: t.Paused,
		PauseReason: orNull(t.PauseReason), CredentialHint: orNull(t.CredentialHint), CredentialSetAt: moment(t.CredentialSetAt),
		CredentialExpires: moment(t.CredentialExpires), WebhookSecretSet: t.WebhookSecretSet, CreatedAt: moment(t.CreatedAt),
		UpdatedAt: moment(t.UpdatedAt), Version: t.Version}
	if t.AppID != 0 {
		out.AppID, out.InstallationID = &t.AppID, &t.InstallationID
	}
	if !t.ImportRule.IsZero() {
		out.ImportRule = &importRuleJSON{list(t.ImportRule.Labels), orNull(t.ImportRule.JQL)}
	}
	return out
}

// TrackerInput are the members that configuring and changing a tracker share.
type TrackerInput struct {
	Flavor         opt[string]            `json:"flavor,omitempty"`
	BaseURL        opt[string]            `json:"base_url,omitempty" doc:"on the operator's list of tracker hosts"`
	Repository     opt[string]            `json:"repository,omitempty" doc:"owner/name"`
	Project        opt[string]            `json:"project,omitempty" doc:"the project key"`
	Team           opt[string]            `json:"team,omitempty"`
	Account        opt[string]            `json:"account,omitempty"`
	AppID          opt[int64]             `json:"app_id,omitempty"`
	InstallationID opt[int64]             `json:"installation_id,omitempty"`
	Credential     opt[string]            `json:"credential,omitempty" doc:"write-only"`
	WebhookSecret  opt[string]            `json:"webhook_secret,omitempty" doc:"write-only, at least 32 characters; the one before stays valid for one change"`
	Mapping        opt[mappingInput]      `json:"mapping,omitempty"`
	ConflictPolicy opt[map[string]string] `json:"conflict_policy,omitempty"`
	ImportRule     opt[importRuleInput]   `json:"import_rule,omitempty"`
	AllowPublic    opt[bool]              `json:"allow_public,omitempty"`
	Paused         opt[bool]              `json:"paused,omitempty"`
	PauseReason    opt[string]            `json:"pause_reason,omitempty"`
}

type trackerCreate struct {
	ID   opt[string] `json:"id"`
	Kind opt[string] `json:"kind" doc:"github or jira"`
	TrackerInput
}

type trackerPatch struct {
	TrackerInput
	Reason opt[string] `json:"reason,omitempty"`
}

type mappingInput struct {
	PriorityLabels  opt[map[string]string]   `json:"priority_labels,omitempty"`
	InProgressLabel opt[string]              `json:"in_progress_label,omitempty"`
	ExtraLabels     opt[[]string]            `json:"extra_labels,omitempty"`
	IssueType       opt[string]              `json:"issue_type,omitempty"`
	Statuses        opt[map[string][]string] `json:"statuses,omitempty"`
	Priorities      opt[map[string]string]   `json:"priorities,omitempty"`
	Resolutions     opt[map[string]string]   `json:"resolutions,omitempty"`
	WontDo          opt[[]string]            `json:"wont_do,omitempty"`
	DueField        opt[string]              `json:"due_field,omitempty"`
	MetricField     opt[string]              `json:"metric_field,omitempty"`
}

type importRuleInput struct {
	Labels opt[[]string] `json:"labels,omitempty"`
	JQL    opt[string]   `json:"jql,omitempty"`
}

func keyed[K ~string, V, W any](convert func(V) W) func(map[string]V) map[K]W {
	return func(m map[string]V) map[K]W {
		out := make(map[K]W, len(m))
		for k, v := range m {
			out[K(k)] = convert(v)
		}
		return out
	}
}

// onto merges the members; the maps inside are replaced as a whole.
func (in mappingInput) onto(m domain.Mapping) domain.Mapping {
	put(&m.PriorityLabels, in.PriorityLabels, keyed[domain.Priority](same[string]))
	put(&m.InProgressLabel, in.InProgressLabel, same)
	put(&m.ExtraLabels, in.ExtraLabels, same)
	put(&m.IssueType, in.IssueType, same)
	put(&m.Statuses, in.Statuses, keyed[domain.Projection](same[[]string]))
	put(&m.Priorities, in.Priorities, keyed[domain.Priority](same[string]))
	put(&m.Resolutions, in.Resolutions, keyed[domain.Projection](same[string]))
	put(&m.WontDo, in.WontDo, same)
	put(&m.DueField, in.DueField, same)
	put(&m.MetricField, in.MetricField, same)
	return m
}

func (in *TrackerInput) onto(t *domain.Tracker) {
	put(&t.Flavor, in.Flavor, func(s string) domain.Flavor { return domain.Flavor(s) })
	put(&t.BaseURL, in.BaseURL, same)
	put(&t.Repository, in.Repository, same)
	put(&t.Project, in.Project, same)
	put(&t.Team, in.Team, func(s string) domain.TeamID { return domain.TeamID(s) })
	put(&t.Account, in.Account, same)
	put(&t.AppID, in.AppID, same)
	put(&t.InstallationID, in.InstallationID, same)
	put(&t.Mapping, in.Mapping, func(m mappingInput) domain.Mapping { return m.onto(t.Mapping) })
	put(&t.ConflictPolicy, in.ConflictPolicy, keyed[domain.Field](func(s string) domain.Resolution { return domain.Resolution(s) }))
	put(&t.ImportRule, in.ImportRule, func(r importRuleInput) domain.ImportRule {
		rule := t.ImportRule
		put(&rule.Labels, r.Labels, same)
		put(&rule.JQL, r.JQL, same)
		return rule
	})
	put(&t.AllowPublic, in.AllowPublic, same)
	put(&t.Paused, in.Paused, same)
	put(&t.PauseReason, in.PauseReason, same)
}

func (s *Server) trackerRoutes() []route {
	one := func(r route) route {
		r.tag, r.out, r.tagged = "trackers", reflect.TypeFor[trackerJSON](), true
		return r
	}
	of := func(method, verb, id, summary string, needs domain.Permission, out reflect.Type, run func(*call) (reply, error)) route {
		return route{method: method, path: "/trackers/{id}/" + verb, id: id, summary: summary, tag: "trackers", needs: needs, out: out, run: run}
	}
	return []route{
		{method: http.MethodGet, path: "/trackers", id: "list-trackers", summary: "List trackers", tag: "trackers", needs: domain.CanRead,
			query: listQuery(nil), out: reflect.TypeFor[listJSON[trackerJSON]](), run: s.listTrackers},
		withBody(one(route{method: http.MethodPost, path: "/trackers", id: "create-tracker", summary: "Configure a tracker",
			needs: domain.CanManage, repeatable: true, status: http.StatusCreated}), s.createTracker),
		one(route{method: http.MethodGet, path: "/trackers/{id}", id: "get-tracker", summary: "Get a tracker", needs: domain.CanRead, run: s.getTracker}),
		withBody(one(route{method: http.MethodPatch, path: "/trackers/{id}", id: "edit-tracker", summary: "Change or pause a tracker",
			needs: domain.CanManage, match: true}), s.editTracker),
		{method: http.MethodDelete, path: "/trackers/{id}", id: "remove-tracker", summary: "Remove a tracker; its issues stay", tag: "trackers",
			needs: domain.CanManage, match: true, status: http.StatusNoContent, run: s.removeTracker},
		of(http.MethodPost, "check", "check-tracker", "Connect and show how values map and what would be lost", domain.CanManage, reflect.TypeFor[mappingReportJSON](), s.checkTracker),
		of(http.MethodPost, "sync", "sync-tracker", "One pass now", domain.CanEdit, reflect.TypeFor[passJSON](), s.syncTracker),
		of(http.MethodGet, "plan", "plan-tracker", "What a pass would do", domain.CanRead, reflect.TypeFor[planJSON](), s.planTracker),
		of(http.MethodGet, "drift", "drift-tracker", "Prove both sides equal, or list every difference", domain.CanRead, reflect.TypeFor[driftJSON](), s.driftTracker),
		of(http.MethodGet, "status", "get-tracker-status", "How a tracker is doing", domain.CanRead, reflect.TypeFor[trackerStatusJSON](), s.trackerStatus),
	}
}

func (c *call) trackerID() (domain.TrackerID, error) {
	id, err := c.id("id", "tracker")
	return domain.TrackerID(id), err
}

func (s *Server) listTrackers(c *call) (reply, error) {
	all, err := s.app.Trackers.List(c.ctx(), c.actor())
	if err != nil {
		return reply{}, err
	}
	page, p, err := pageOf(c, all)
	return reply{body: listOf(page, p, trackerOf)}, err
}

func trackerReply(t domain.Tracker, err error) (reply, error) {
	return reply{body: trackerOf(t), version: t.Version}, err
}

func (s *Server) createTracker(c *call, in *trackerCreate) (reply, error) {
	t := domain.Tracker{ID: or[domain.TrackerID](in.ID), Kind: or[domain.TrackerKind](in.Kind)}
	in.onto(&t)
	secrets := domain.Secrets{Credential: in.Credential.value}
	if in.WebhookSecret.value != "" {
		secrets.WebhookSecrets = []string{in.WebhookSecret.value}
	}
	t, err := s.app.Trackers.Create(c.ctx(), c.actor(), t, secrets)
	out, err := trackerReply(t, err)
	out.location = "/trackers/" + string(t.ID)
	return out, err
}

func (s *Server) getTracker(c *call) (reply, error) {
	id, err := c.trackerID()
	if err != nil {
		return reply{}, err
	}
	return trackerReply(s.app.Trackers.Get(c.ctx(), c.actor(), id))
}

func (s *Server) editTracker(c *call, in *trackerPatch) (reply, error) {
	id, err := c.trackerID()
	if err != nil {
		return reply{}, err
	}
	return trackerReply(s.app.Trackers.Edit(c.ctx(), c.actor(), id, c.version, app.TrackerPatch{Change: in.onto,
		Credential: text[string](in.Credential), WebhookSecret: text[string](in.WebhookSecret), Reason: in.Reason.value}))
}

func (s *Server) removeTracker(c *call) (reply, error) {
	id, err := c.trackerID()
	if err != nil {
		return reply{}, err
	}
	return reply{}, s.app.Trackers.Remove(c.ctx(), c.actor(), id, c.version)
}
