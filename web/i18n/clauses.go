package i18n

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed clauses.de.json
var germanClauses []byte

// newClauses reads what the clauses of standards say in a language. English is
// what stands in the mapping itself and in packs.
func newClauses(lang string) (map[string]string, error) {
	if lang != "de" {
		return nil, nil //nolint:nilnil // nothing to translate
	}
	var texts map[string]string
	if err := json.Unmarshal(germanClauses, &texts); err != nil {
		return nil, fmt.Errorf("clauses.de.json: %w", err)
	}
	return texts, nil
}

// Clause returns a text of the mapping of clauses; one that is not known stays English.
func (t *Texts) Clause(english string) string {
	if text, ok := t.clauses[english]; ok {
		return text
	}
	return english
}
