package jirasim

import "net/http"

// problem is the body of Jira's error answers.
type problem struct {
	ErrorMessages []string          `json:"errorMessages"`
	Errors        map[string]string `json:"errors"`
}

// fail answers with messages that concern the whole request.
func (c *call) fail(status int, messages ...string) *reply {
	p := problem{ErrorMessages: []string{}, Errors: map[string]string{}}
	for _, m := range messages {
		if m != "" {
			p.ErrorMessages = append(p.ErrorMessages, m)
		}
	}
	return &reply{status: status, value: p}
}

// invalid answers 400 with one message per field.
func (c *call) invalid(errs map[string]string) *reply {
	for field := range errs {
		c.count("field_error/" + field)
	}
	return &reply{status: http.StatusBadRequest, value: problem{ErrorMessages: []string{}, Errors: errs}}
}

func (c *call) noIssue() *reply {
	if c.cloud() {
		return c.fail(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
	}
	return c.fail(http.StatusNotFound, "Issue Does Not Exist")
}

func (c *call) noProject(ref string) *reply {
	return c.fail(http.StatusNotFound, "No project could be found with key '"+ref+"'.")
}

// nowhere is the answer for a path that has no resource.
func (c *call) nowhere() *reply {
	if c.cloud() {
		return &reply{status: http.StatusNotFound, kind: "text/html;charset=UTF-8", raw: []byte("<!DOCTYPE html><html><head><title>Oops, you've found a dead link.</title></head><body></body></html>")}
	}
	return &reply{status: http.StatusNotFound, value: map[string]any{"message": "null for uri: " + c.base.String() + c.path, "status-code": 404}}
}

const offScreen = "Field '%s' cannot be set. It is not on the appropriate screen, or unknown."
