package jirasim

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// addComment takes a comment: plain text in version 2, a document in 3. It leaves the issue's
// own fields as they are.
func (c *call) addComment(i *issue) *reply {
	if !c.may(c.who, i.cur().project, EditIssues) {
		return c.fail(http.StatusForbidden, "You do not have the permission to comment on this issue.")
	}
	var in struct {
		Body json.RawMessage `json:"body"`
	}
	if refusal := c.bind(&in); refusal != nil {
		return refusal
	}
	text := string(in.Body) // version 3 takes a document
	if c.version != "3" && json.Unmarshal(in.Body, &text) != nil || text == "" {
		return c.fail(http.StatusBadRequest, "Comment body can not be empty!")
	}
	i.comments = append(i.comments, text)
	id := strconv.FormatInt(i.id*100+int64(len(i.comments)), 10)
	return &reply{status: http.StatusCreated, value: object{"id": id, "body": in.Body, "self": c.view().self("/issue/" + i.cur().key + "/comment/" + id)}}
}

// Comments returns the texts of an issue's comments, oldest first.
func (s *Server) Comments(key string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.issues {
		if i.cur().key == key {
			return append([]string{}, i.comments...)
		}
	}
	return nil
}
