package jirasim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

func (i *issue) setProperty(key string, value json.RawMessage) (created bool) {
	if i.props == nil {
		i.props = map[string]json.RawMessage{}
	}
	_, had := i.props[key]
	i.props[key] = slices.Clone(value)
	return !had
}

// badProperty refuses keys and values outside Jira's limits.
func (c *call) badProperty(key string, value json.RawMessage) *reply {
	switch {
	case key == "" || len(key) > 255:
		return c.fail(http.StatusBadRequest, "The property key must be between 1 and 255 characters long.")
	case !json.Valid(value):
		return c.fail(http.StatusBadRequest, "The property value is not a valid JSON.")
	case len(value) > 32_768:
		c.count("property_too_long")
		return c.fail(http.StatusBadRequest, "The property value is too long. It can't be longer than 32768 characters.")
	}
	return nil
}

func (c *call) propertyKeys(i *issue) *reply {
	list := []object{}
	for _, k := range slices.Sorted(maps.Keys(i.props)) {
		list = append(list, object{"key": k, "self": c.view().self("/issue/" + i.sid() + "/properties/" + k)})
	}
	return ok(object{"keys": list})
}

func (c *call) getProperty(i *issue) *reply {
	value, found := i.props[c.params["key"]]
	if !found {
		return c.fail(http.StatusNotFound, "The property with key '"+c.params["key"]+"' does not exist.")
	}
	return ok(property{c.params["key"], value})
}

func (c *call) putProperty(i *issue) *reply {
	if !c.may(c.who, i.cur().project, EditIssues) {
		return c.fail(http.StatusForbidden, "You do not have permission to edit issues in this project.")
	}
	var value json.RawMessage
	if refusal := c.bind(&value); refusal != nil {
		return refusal
	}
	if refusal := c.badProperty(c.params["key"], value); refusal != nil {
		return refusal
	}
	r := &reply{status: http.StatusOK}
	if i.setProperty(c.params["key"], value) {
		r.status = http.StatusCreated
	}
	if c.cloud() {
		r.value = object{} // Cloud has been seen to answer with an empty object
	}
	return r
}

func (c *call) deleteProperty(i *issue) *reply {
	if !c.may(c.who, i.cur().project, EditIssues) {
		return c.fail(http.StatusForbidden, "You do not have permission to edit issues in this project.")
	}
	if _, found := i.props[c.params["key"]]; !found {
		return c.fail(http.StatusNotFound, "The property with key '"+c.params["key"]+"' does not exist.")
	}
	delete(i.props, c.params["key"])
	return noContent()
}

func (c *call) linkObject(i *issue, l *remoteLink) object {
	o := object{"id": l.id, "self": c.view().self("/issue/" + i.cur().key + "/remotelink/" + strconv.FormatInt(l.id, 10))}
	for k, v := range l.raw {
		o[k] = v
	}
	if _, has := l.raw["application"]; !has {
		o["application"] = object{}
	}
	return o
}

func (c *call) getLinks(i *issue) *reply {
	id := c.query.Get("globalId")
	list := []object{}
	for _, l := range i.links {
		if id != "" && l.globalID == id {
			return ok(c.linkObject(i, l))
		}
		list = append(list, c.linkObject(i, l))
	}
	if id != "" {
		return c.fail(http.StatusNotFound, "No remote issue link found with globalId '"+id+"'.")
	}
	return ok(list)
}

// postLink creates a remote link, or replaces the one with the same globalId:
// what the request leaves out is gone afterwards.
func (c *call) postLink(i *issue) *reply {
	if !c.may(c.who, i.cur().project, LinkIssues) {
		return c.fail(http.StatusForbidden, "You do not have permission to link issues in this project.")
	}
	var raw map[string]json.RawMessage
	if refusal := c.bind(&raw); refusal != nil {
		return refusal
	}
	var obj struct{ URL, Title string }
	if json.Unmarshal(raw["object"], &obj) != nil || obj.URL == "" || obj.Title == "" {
		errs := map[string]string{}
		if obj.Title == "" {
			errs["title"] = "'title' is required."
		}
		if obj.URL == "" {
			errs["url"] = "'url' is required."
		}
		return c.invalid(errs)
	}
	var id string
	_ = json.Unmarshal(raw["globalId"], &id)
	if len(id) > 255 {
		return c.invalid(map[string]string{"globalId": "The globalId can't exceed 255 characters."})
	}
	status := http.StatusCreated
	var link *remoteLink
	for _, l := range i.links {
		if id != "" && l.globalID == id {
			link, status = l, http.StatusOK
		}
	}
	if link == nil {
		link = &remoteLink{id: c.next("remotelink"), globalID: id}
		i.links = append(i.links, link)
	}
	link.raw = raw
	o := c.linkObject(i, link)
	return &reply{status: status, value: object{"id": link.id, "self": o["self"]}}
}

func (c *call) deleteLink(i *issue) *reply {
	id := c.query.Get("globalId")
	for k, l := range i.links {
		if l.globalID == id {
			i.links = slices.Delete(i.links, k, k+1)
			return noContent()
		}
	}
	return c.fail(http.StatusNotFound, "No remote issue link found with globalId '"+id+"'.")
}
