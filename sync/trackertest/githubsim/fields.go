package githubsim

// field is an issue field of an organisation.
type field struct {
	id      int64
	name    string
	kind    string // text, number, date, single_select
	options []fieldOption
}

type fieldOption struct {
	id    int64
	name  string
	color string
}

type fieldValue struct {
	field  *field
	text   string
	number float64
}

func (v fieldValue) equal(w fieldValue) bool { return v == w }

type wireFieldValue struct{}

func (s *Server) wireFields(*revision) []wireFieldValue { return nil }
