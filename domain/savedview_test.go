package domain

import "testing"

// A view keeps filters, not the place in a list or what was just done.
func TestSavedViewIsNormal(t *testing.T) {
	v := SavedView{Name: "  P0  of   storage ", Page: ViewMeasures, Query: "?priority=P0&cursor=abc&done=saved&team=t_a&q=", Team: "t_a"}.Normal()
	if v.Name != "P0 of storage" || v.Query != "priority=P0&team=t_a" || v.Share != ShareNone || v.Team != "" {
		t.Errorf("normal = %+v", v)
	}
	if err := v.Check(); err != nil {
		t.Error(err)
	}
}

func TestSavedViewIsRefused(t *testing.T) {
	good := SavedView{Name: "mine", Page: ViewDashboard, Share: ShareNone}
	for field, change := range map[string]func(*SavedView){
		"name": func(v *SavedView) { v.Name = "" }, "page": func(v *SavedView) { v.Page = "people" }, "share": func(v *SavedView) { v.Share = "world" },
		"team": func(v *SavedView) { v.Share = ShareTeam }, "query": func(v *SavedView) { v.Query = "%zz" },
	} {
		bad := good
		change(&bad)
		err := bad.Check()
		if e, ok := err.(*Error); !ok || len(e.Fields) != 1 || e.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func TestSavedViewRights(t *testing.T) {
	owner := Actor{ID: "p_a", Role: Member, Scope: Scope{Teams: []TeamID{"t_a"}}}
	mate := Actor{ID: "p_b", Role: Member, Scope: Scope{Teams: []TeamID{"t_a"}}}
	other := Actor{ID: "p_c", Role: Member, Scope: Scope{Teams: []TeamID{"t_b"}}}
	boss := Actor{ID: "p_d", Role: Admin, Scope: Everything()}
	for _, c := range []struct {
		share                               ViewShare
		mateSees, otherSees, bossSees, boss bool
	}{{ShareNone, false, false, false, false}, {ShareTeam, true, false, true, true}, {ShareOrganisation, true, true, true, true}} {
		v := SavedView{Owner: "p_a", Share: c.share, Team: "t_a"}
		if !v.VisibleTo(owner) || !v.MayChange(owner) || v.VisibleTo(mate) != c.mateSees || v.VisibleTo(other) != c.otherSees || v.VisibleTo(boss) != c.bossSees || v.MayChange(boss) != c.boss || v.MayChange(mate) {
			t.Errorf("%s: rights are wrong", c.share)
		}
	}
}
