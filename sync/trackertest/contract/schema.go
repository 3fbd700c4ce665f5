package contract

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schemas is a JSON Schema file whose definitions can be checked against one
// by one: the webhook payloads of GitHub and the document format of Jira are
// published in this form.
type Schemas struct {
	compiler *jsonschema.Compiler
}

const schemaURL = "file:///schema.json"

// LoadSchemas reads a gzip-compressed JSON Schema file.
func LoadSchemas(file string) (*Schemas, error) {
	data, err := readGzip(file)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", file, err)
	}
	c := jsonschema.NewCompiler()
	// The library's own check takes the operators of RFC 6570, as in
	// "events{/privacy}", for errors; balanced braces are enough here.
	c.RegisterFormat(&jsonschema.Format{Name: "uri-template", Validate: balancedBraces})
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, fmt.Errorf("schema %s: %w", file, err)
	}
	return &Schemas{compiler: c}, nil
}

// Check validates the JSON document against one definition, or against the
// whole file if definition is empty.
func (s *Schemas) Check(definition string, document []byte) error {
	at := schemaURL
	if definition != "" {
		at += "#/definitions/" + definition
	}
	schema, err := s.compiler.Compile(at)
	if err != nil {
		return fmt.Errorf("definition %q: %w", definition, err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return fmt.Errorf("document for %q: %w", definition, err)
	}
	return schema.Validate(value)
}

func balancedBraces(v any) error {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	if strings.Count(s, "{") != strings.Count(s, "}") {
		return fmt.Errorf("%q has an unbalanced brace", s)
	}
	return nil
}
