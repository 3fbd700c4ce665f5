package jirasim

import (
	"encoding/json"
	"fmt"
	"net/http"
)

func (c *call) getTransitions(i *issue) *reply {
	c.charge(1)
	fields := false
	for _, e := range c.list("expand") {
		fields = fields || e == "transitions.fields"
	}
	return ok(object{"expand": "transitions", "transitions": c.transitionList(c.seen(i), fields)})
}

func (c *call) transitionList(v *revision, fields bool) []object {
	w, out := c.view(), []object{}
	for _, st := range c.steps(v, c.who) {
		o := object{"id": st.ID, "name": st.Name, "to": w.status(st.to)}
		if c.cloud() {
			o["hasScreen"] = st.Resolution != Forbidden
			o["isGlobal"] = len(st.from) == 0
			o["isInitial"] = false
			o["isAvailable"] = true
			o["isConditional"] = st.Needs != ""
			o["isLooped"] = false
		}
		if fields {
			f := object{}
			if st.Resolution != Forbidden && !st.Unlisted {
				f["resolution"] = c.resolutionMeta(st)
			}
			o["fields"] = f
		}
		out = append(out, o)
	}
	return out
}

func (c *call) resolutionMeta(st *step) object {
	w, allowed := c.view(), []any{}
	for _, r := range c.resolutions {
		allowed = append(allowed, w.resolution(r))
	}
	o := object{
		"required": st.Resolution == Required, "schema": object{"type": "resolution", "system": "resolution"},
		"name": "Resolution", "operations": []string{"set"}, "allowedValues": allowed, "hasDefaultValue": false,
	}
	if c.cloud() {
		o["key"] = "resolution"
	} else {
		o["fieldId"] = "resolution"
	}
	return o
}

func (c *call) doTransition(i *issue) *reply {
	var in struct {
		input
		Transition struct {
			ID any `json:"id"` // a string; numbers are accepted, too
		} `json:"transition"`
	}
	if refusal := c.bind(&in); refusal != nil {
		return refusal
	}
	if in.Transition.ID == nil {
		return c.fail(http.StatusBadRequest, "Missing 'transition' identifier")
	}
	v := i.draft(c.who)
	id := fmt.Sprint(in.Transition.ID)
	var st *step
	for _, x := range c.steps(v, c.who) {
		if x.ID == id {
			st = x
		}
	}
	if st == nil {
		c.count("transition_not_available")
		return c.fail(http.StatusBadRequest, fmt.Sprintf("It seems that you have tried to perform a workflow operation (%s) that is not valid for the current state of this issue (%s). The likely cause is that somebody has changed the issue recently, please look at the issue history for details.", id, v.key))
	}
	r, errs := c.screen(st, in.input)
	if len(errs) > 0 {
		return c.invalid(errs)
	}
	in.by, in.version = c.who, c.version
	in.allowed = func(f string) bool { return st.Resolution != Forbidden && v.project.edit[f] }
	delete(in.Fields, "resolution")
	delete(in.Update, "resolution")
	if errs := c.apply(v, in.input); len(errs) > 0 {
		return c.invalid(errs)
	}
	c.take(v, st, r)
	c.commitEdit(i, v, "issue_generic")
	return noContent()
}

// screen checks the resolution against the screen of a transition.
func (c *call) screen(st *step, in input) (*resolution, map[string]string) {
	raw, given := in.Fields["resolution"]
	if ops := in.Update["resolution"]; len(ops) > 0 {
		raw, given = ops[0]["set"], true
	}
	if given && st.Resolution == Forbidden {
		c.count("resolution_refused")
		return nil, map[string]string{"resolution": fmt.Sprintf(offScreen, "resolution")}
	}
	if !given || string(raw) == "null" {
		if st.Resolution == Required {
			c.count("resolution_required")
			return nil, map[string]string{"resolution": "Please select a resolution."}
		}
		return nil, nil
	}
	var by ref
	if json.Unmarshal(raw, &by) != nil {
		return nil, map[string]string{"resolution": "Could not find valid 'id' or 'name' for resolution."}
	}
	name := by.ID
	if name == "" {
		name = by.Name
	}
	r := c.resolutionBy(name)
	if r == nil {
		return nil, map[string]string{"resolution": "Resolution with ID '" + name + "' does not exist"}
	}
	return r, nil
}
