package githubsim

import (
	"net/http"
	"strconv"
)

const docs = "https://docs.github.com/rest/"

// problem is the body of an error answer.
type problem struct {
	Message string         `json:"message"`
	Errors  []fieldProblem `json:"errors,omitempty"`
	Docs    string         `json:"documentation_url"`
	Status  string         `json:"status"`
}

// fieldProblem is one entry of a 422 answer.
type fieldProblem struct {
	Value    any    `json:"value,omitempty"`
	Resource string `json:"resource,omitempty"`
	Field    string `json:"field,omitempty"`
	Code     string `json:"code"`
	Message  string `json:"message,omitempty"`
}

func (c *call) fail(status int, message, page string) *reply {
	return &reply{status: status, value: problem{Message: message, Docs: docs + page, Status: strconv.Itoa(status)}}
}

func (c *call) notFound() *reply { return c.fail(http.StatusNotFound, "Not Found", "") }

func (c *call) invalid(page string, errs ...fieldProblem) *reply {
	return &reply{status: http.StatusUnprocessableEntity, value: problem{
		Message: "Validation Failed", Errors: errs, Docs: docs + page, Status: "422",
	}}
}

func (c *call) issuesDisabled() *reply {
	c.count("issues_disabled")
	return c.fail(http.StatusGone, "Issues are disabled for this repo", "issues/issues")
}

func (c *call) archived() *reply {
	c.count("archived")
	return c.fail(http.StatusForbidden, "Repository was archived so is read-only.", "")
}

func (c *call) forbidden() *reply {
	c.count("forbidden")
	if c.who.install != nil {
		return c.fail(http.StatusForbidden, "Resource not accessible by integration", "")
	}
	return c.fail(http.StatusForbidden, "Must have admin rights to Repository.", "")
}
