package domain

// CallClass says what a request to a tracker is for; each class has its own
// budget.
type CallClass string

// The classes of requests.
const (
	CallRead   CallClass = "read"
	CallWrite  CallClass = "write"
	CallCreate CallClass = "create"
	CallProbe  CallClass = "probe"
)

// Call describes one request to the governor of a credential.
type Call struct {
	Class CallClass
	// Resource is the tracker's own budget the request counts against, such as
	// "core" or "POST /rest/api/2/search/jql".
	Resource string
	// Issue is the issue a write concerns; per-issue limits are scoped by it.
	Issue string
}
