package metrics

import _ "embed"

//go:embed testdata/reference.json
var reference []byte

// Reference is the built-in set of reference cases, in the format that package
// verify reads. The bytes are shared: do not change them.
func Reference() []byte { return reference }
