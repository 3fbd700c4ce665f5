package sync

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/followthrough/followthrough/domain"
)

func TestMergeLines(t *testing.T) {
	tests := map[string]struct {
		base, ours, theirs, want string
		conflict                 bool
	}{
		"same edit":           {base: "a\nb", ours: "a\nc", theirs: "a\nc", want: "a\nc"},
		"only ours":           {base: "a\nb\nc", ours: "a\nX\nc", theirs: "a\nb\nc", want: "a\nX\nc"},
		"only theirs":         {base: "a\nb\nc", ours: "a\nb\nc", theirs: "a\nb\nc\nd", want: "a\nb\nc\nd"},
		"both, apart":         {base: "a\nb\nc\nd\ne", ours: "A\nb\nc\nd\ne", theirs: "a\nb\nc\nd\nE", want: "A\nb\nc\nd\nE"},
		"both, same line":     {base: "a\nb\nc", ours: "a\nX\nc", theirs: "a\nY\nc", conflict: true},
		"delete against edit": {base: "a\nb\nc", ours: "a\nc", theirs: "a\nB\nc", conflict: true},
		"both append":         {base: "a", ours: "a\nx", theirs: "a\ny", conflict: true},
		"from nothing":        {base: "", ours: "x", theirs: "y", conflict: true},
		"ours cleared":        {base: "a\nb", ours: "", theirs: "a\nb", want: ""},
		"blank lines kept":    {base: "a\n\nb\n\nc", ours: "a\n\nb\n\nC", theirs: "A\n\nb\n\nc", want: "A\n\nb\n\nC"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := MergeLines(tt.base, tt.ours, tt.theirs)
			if ok == tt.conflict || got != tt.want {
				t.Errorf("MergeLines = %q, %v; want %q, conflict %v", got, ok, tt.want, tt.conflict)
			}
		})
	}
}

// TestMergeLinesLaws holds the three-way laws: symmetry, and that a clean
// merge keeps every line that one side added and the other did not touch.
func TestMergeLinesLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"a", "b", "c", "", "d d", "e"})
		text := rapid.Map(rapid.SliceOfN(line, 0, 8), func(l []string) string { return domain.NormalText(strings.Join(l, "\n")) })
		base, ours, theirs := text.Draw(t, "base"), text.Draw(t, "ours"), text.Draw(t, "theirs")
		m1, ok1 := MergeLines(base, ours, theirs)
		m2, ok2 := MergeLines(base, theirs, ours)
		if ok1 != ok2 || m1 != m2 {
			t.Fatalf("not symmetric: %q %v against %q %v", m1, ok1, m2, ok2)
		}
		if got, ok := MergeLines(base, ours, base); !ok || got != ours {
			t.Fatalf("an unchanged side must lose: %q, %v", got, ok)
		}
	})
}

// plain is a lens whose raw form is the value in brackets.
func plain(_ domain.Field, value string, _ domain.Snapshot) domain.RemoteValue {
	return domain.RemoteValue{Raw: "<" + value + ">", Value: value}
}

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func in(base, local, remote map[domain.Field]string) MergeInput {
	m := MergeInput{Base: map[domain.Field]domain.BaseValue{}, Local: local, Put: plain, Policy: domain.Tracker{}.Resolution, Now: t0, LocalAt: t0,
		Remote: domain.Snapshot{Revision: t0, Fields: map[domain.Field]domain.RemoteValue{}}}
	for f, v := range base {
		m.Base[f] = domain.BaseValue{Value: v, Raw: "<" + v + ">"}
	}
	for f, v := range remote {
		m.Remote.Fields[f] = domain.RemoteValue{Value: v, Raw: "<" + v + ">"}
	}
	return m
}

type values = map[domain.Field]string

func TestMerge(t *testing.T) {
	tests := map[string]struct {
		base, local, remote values
		receive, write      values
		conflict            domain.Resolution // of the single conflict, "ask" when open
		policy              domain.Resolution
	}{
		"nothing changed":      {base: values{"title": "a"}, local: values{"title": "a"}, remote: values{"title": "a"}},
		"remote changed":       {base: values{"title": "a"}, local: values{"title": "a"}, remote: values{"title": "b"}, receive: values{"title": "b"}},
		"local changed":        {base: values{"title": "a"}, local: values{"title": "b"}, remote: values{"title": "a"}, write: values{"title": "b"}},
		"both the same":        {base: values{"title": "a"}, local: values{"title": "b"}, remote: values{"title": "b"}},
		"both, ours":           {base: values{"due_on": "2026-01-01"}, local: values{"due_on": "2026-01-02"}, remote: values{"due_on": "2026-01-03"}, write: values{"due_on": "2026-01-02"}, conflict: domain.ResolveOurs},
		"both, tracker":        {base: values{"status": "open"}, local: values{"status": "in_progress"}, remote: values{"status": "done"}, receive: values{"status": "done"}, conflict: domain.ResolveTracker},
		"both, newest, tie":    {base: values{"title": "a"}, local: values{"title": "b"}, remote: values{"title": "c"}, write: values{"title": "b"}, conflict: domain.ResolveOurs},
		"both, ask":            {base: values{"title": "a"}, local: values{"title": "b"}, remote: values{"title": "c"}, policy: domain.ResolveAsk, conflict: domain.ResolveAsk},
		"description merges":   {base: values{"description": "1\n2\n3"}, local: values{"description": "1\n2\nX"}, remote: values{"description": "Y\n2\n3"}, receive: values{"description": "Y\n2\nX"}, write: values{"description": "Y\n2\nX"}},
		"description overlaps": {base: values{"description": "1"}, local: values{"description": "2"}, remote: values{"description": "3"}, conflict: domain.ResolveAsk},
		"missing is unknown":   {base: values{"due_on": "2026-01-01"}, local: values{"due_on": "2026-01-01"}, remote: values{}},
		"missing, local edit":  {base: values{"due_on": "2026-01-01"}, local: values{"due_on": "2026-01-09"}, remote: values{}, write: values{"due_on": "2026-01-09"}},
		"cleared there":        {base: values{"due_on": "2026-01-01"}, local: values{"due_on": "2026-01-01"}, remote: values{"due_on": ""}, receive: values{"due_on": ""}},
		"cleared here":         {base: values{"due_on": "2026-01-01"}, local: values{"due_on": ""}, remote: values{"due_on": "2026-01-01"}, write: values{"due_on": ""}},
		"first, empty here":    {local: values{"due_on": ""}, remote: values{"due_on": "2026-01-01"}, receive: values{"due_on": "2026-01-01"}},
		"first, empty there":   {local: values{"due_on": "2026-01-01"}, remote: values{"due_on": ""}, write: values{"due_on": "2026-01-01"}},
		"first, new status":    {local: values{"status": "done"}, remote: values{"status": "open"}, write: values{"status": "done"}},
		"first, both differ":   {local: values{"title": "a"}, remote: values{"title": "b"}, conflict: domain.ResolveAsk},
		"incident goes out":    {local: values{"incident": "INC-1"}, remote: values{}, write: values{"incident": "INC-1"}},
		"incident typed over":  {base: values{"incident": "INC-1"}, local: values{"incident": "INC-1"}, remote: values{"incident": "INC-9"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			input := in(tt.base, tt.local, tt.remote)
			if tt.policy != "" {
				input.Policy = func(domain.Field) domain.Resolution { return tt.policy }
			}
			d := Merge(input)
			received := values{}
			for _, u := range d.Receive {
				received[u.Field] = u.Value
			}
			if tt.receive == nil {
				tt.receive = values{}
			}
			if tt.write == nil {
				tt.write = values{}
			}
			if diff := cmp.Diff(tt.receive, received); diff != "" {
				t.Errorf("received (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.write, d.Values); diff != "" {
				t.Errorf("written (-want +got):\n%s", diff)
			}
			var got domain.Resolution
			if len(d.Conflicts) == 1 {
				if got = d.Conflicts[0].Resolution; got == "" {
					got = domain.ResolveAsk
				}
			}
			if got != tt.conflict || len(d.Conflicts) > 1 {
				t.Errorf("conflict %q (%d), want %q", got, len(d.Conflicts), tt.conflict)
			}
		})
	}
}

// apply carries a decision out on both sides, the way the engine does.
func apply(in MergeInput, d Decision) MergeInput {
	local, remote := map[domain.Field]string{}, map[domain.Field]domain.RemoteValue{}
	maps.Copy(local, in.Local)
	maps.Copy(remote, in.Remote.Fields)
	base := map[domain.Field]domain.BaseValue{}
	maps.Copy(base, in.Base)
	maps.Copy(base, d.Base)
	for _, u := range d.Receive {
		local[u.Field] = u.Value
	}
	for _, f := range d.Write {
		remote[f] = in.Put(f, d.Values[f], in.Remote)
		base[f] = domain.BaseValue{Value: d.Values[f], Raw: remote[f].Raw}
	}
	in.Local, in.Base, in.States = local, base, d.States
	in.Remote.Fields = remote
	in.Asked = map[domain.Field]bool{}
	for f, s := range d.States {
		in.Asked[f] = s.State == domain.FieldConflicted
	}
	return in
}

// TestMergeProperties holds P2 (idempotence), P3 (convergence) and P4 (no
// silent loss) on random triples.
func TestMergeProperties(t *testing.T) {
	word := rapid.SampledFrom([]string{"", "a", "b", "c", "x\ny", "y\nx\nz"})
	rapid.Check(t, func(t *rapid.T) {
		base, local, remote := values{}, values{}, values{}
		for _, f := range domain.SyncedFields() {
			local[f] = word.Draw(t, "local "+string(f))
			if rapid.Bool().Draw(t, "agreed") {
				base[f] = word.Draw(t, "base "+string(f))
			}
			if rapid.Bool().Draw(t, "known") {
				remote[f] = word.Draw(t, "remote "+string(f))
			}
		}
		policy := rapid.SampledFrom(domain.Resolutions()).Draw(t, "policy")
		input := in(base, local, remote)
		input.Policy = func(f domain.Field) domain.Resolution {
			if policy == domain.ResolveMerge && f != domain.FieldDescription {
				return domain.ResolveAsk
			}
			return policy
		}
		first := Merge(input)
		after := apply(input, first)
		second := Merge(after)
		after = apply(after, second) // agreeing on a silent side takes a second look
		third := Merge(after)
		if len(third.Write) > 0 || len(third.Receive) > 0 || len(third.Conflicts) > 0 {
			t.Fatalf("not quiet after two passes: %+v", third)
		}
		for _, f := range domain.SyncedFields() {
			r, known := after.Remote.Fields[f]
			if known && f != domain.FieldIncident && !after.Asked[f] && r.Value != after.Local[f] {
				t.Fatalf("%s did not converge: here %q, there %q", f, after.Local[f], r.Value)
			}
			kept := values{"local": after.Local[f], "remote": r.Value}
			for _, c := range append(first.Conflicts, second.Conflicts...) {
				if c.Field == f {
					kept["ours"], kept["theirs"] = c.Ours, c.Theirs
				}
			}
			assertKept(t, f, base, local, remote, kept)
		}
	})
}

// assertKept fails when a value that one side changed is neither in the final
// state nor in a conflict nor merged line by line.
func assertKept(t *rapid.T, f domain.Field, base, local, remote, kept values) {
	if f == domain.FieldIncident {
		return
	}
	b, agreed := base[f]
	for side, v := range map[string]string{"local": local[f], "remote": remote[f]} {
		if _, ok := remote[f]; side == "remote" && !ok {
			continue
		}
		if agreed && v == b || v == "" {
			continue
		}
		found := false
		for _, k := range kept {
			found = found || k == v || f == domain.FieldDescription && containsLines(k, v, b)
		}
		if !found {
			t.Fatalf("%s: the %s value %q is lost; kept %v", f, side, v, kept)
		}
	}
}

func containsLines(text, part, base string) bool {
	for line := range strings.SplitSeq(part, "\n") {
		if !strings.Contains(base, line) && !strings.Contains(text, line) {
			return false
		}
	}
	return true
}

// TestConflictThatOursWinsIsRecordedOnce: what a round decides locally is
// committed before the write goes out, so the next round must find an ordinary
// local change and not the same conflict again.
func TestConflictThatOursWinsIsRecordedOnce(t *testing.T) {
	f := domain.FieldPriority
	input := in(map[domain.Field]string{f: "P3"}, map[domain.Field]string{f: "P2"}, map[domain.Field]string{f: "P1"})
	input.Policy = func(domain.Field) domain.Resolution { return domain.ResolveOurs }
	first := Merge(input)
	if len(first.Conflicts) != 1 {
		t.Fatalf("recorded %d conflicts, want 1", len(first.Conflicts))
	}
	maps.Copy(input.Base, first.Base)
	second := Merge(input)
	if len(second.Conflicts) != 0 || len(second.Write) != 1 || second.Values[f] != "P2" {
		t.Errorf("the second round records %d conflicts and writes %v %q; want none and P2", len(second.Conflicts), second.Write, second.Values[f])
	}
}

// Why a tracker closed an issue comes in with its status and never goes out.
func TestMergeKeepsTheReasonOfAClosure(t *testing.T) {
	status := func(v string) map[domain.Field]string { return map[domain.Field]string{domain.FieldStatus: v} }
	m := in(status("open"), status("open"), status("cancelled"))
	closed := m.Remote.Fields[domain.FieldStatus]
	closed.Closure = domain.Duplicate
	m.Remote.Fields[domain.FieldStatus] = closed
	if d := Merge(m); len(d.Receive) != 1 || d.Receive[0].Closure != domain.Duplicate || len(d.Write) != 0 {
		t.Errorf("decided %+v", d)
	}
}
