package domain

import (
	"testing"
	"time"
)

func TestAdoptNamesItsIncident(t *testing.T) {
	tests := map[string]struct{ title, block, want string }{
		"in the title":         {title: "INC-12: alert on lag", want: "INC-12"},
		"inside the title":     {title: "Alert on lag (INC-7)", want: "INC-7"},
		"the first of two":     {title: "INC-7 and INC-8", want: "INC-7"},
		"the block goes first": {title: "INC-7", block: "INC-9", want: "INC-9"},
		"typed nonsense":       {title: "Alert", block: "see INC-9", want: ""},
		"not a word":           {title: "ZINC-12 and INC-12b and inc-3", want: ""},
		"no number":            {title: "INC-0 INC-", want: ""},
		"none":                 {title: "Alert on lag", want: ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := Snapshot{Fields: map[Field]RemoteValue{FieldTitle: {Value: tt.title}}}
			if tt.block != "" {
				s.Fields[FieldIncident] = RemoteValue{Value: tt.block}
			}
			m, refused := Adopt("id", s, "", DefaultPolicy(), Attribution{}, MustDate("2026-03-02").Start(time.UTC))
			if string(m.Incident) != tt.want || len(refused) > 0 {
				t.Errorf("incident %q, refused %v; want %q", m.Incident, refused, tt.want)
			}
		})
	}
}
