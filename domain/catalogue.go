package domain

import (
	"embed"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
)

// The catalogue of the crisis check is data, one file per version. A published
// version is never edited: answers refer to it.
//
//go:embed catalogue/*.json
var catalogueFiles embed.FS

// CurrentCatalogue is the version that new checks use.
const CurrentCatalogue = 1

// Bilingual is a text in every language of the product.
type Bilingual struct {
	EN string `json:"en"`
	DE string `json:"de"`
}

// In returns the text in a language; an unknown one gives English.
func (w Bilingual) In(language string) string {
	if language == "de" {
		return w.DE
	}
	return w.EN
}

// QuestionID names a question through all versions of the catalogue, for
// example backups.restore. A question that changes its meaning gets a new one.
type QuestionID string

// AreaID names an area, for example backups.
type AreaID string

// Question is one question of the crisis check.
type Question struct {
	ID   QuestionID `json:"id"`
	Text Bilingual  `json:"text"`
	Help Bilingual  `json:"help"`
	// Measure is the title of the measure that a gap proposes, Kind its kind.
	Measure Bilingual   `json:"measure"`
	Kind    MeasureKind `json:"kind"`
	// Urgent questions propose measures of a higher priority.
	Urgent bool `json:"urgent,omitempty"`
}

// Area is a group of questions with a score of its own.
type Area struct {
	ID        AreaID     `json:"id"`
	Name      Bilingual  `json:"name"`
	Questions []Question `json:"questions"`
}

// StepText says what a step of an answer means.
type StepText struct {
	Name    Bilingual `json:"name"`
	Meaning Bilingual `json:"meaning"`
}

// Catalogue is one version of the questions.
type Catalogue struct {
	Version int        `json:"version"`
	Steps   []StepText `json:"steps"`
	Areas   []Area     `json:"areas"`
}

//nolint:gochecknoglobals // what is embedded, read once
var readCatalogues = sync.OnceValues(func() (map[int]Catalogue, error) {
	entries, err := catalogueFiles.ReadDir("catalogue")
	if err != nil {
		return nil, err
	}
	all := make(map[int]Catalogue, len(entries))
	for _, e := range entries {
		raw, err := catalogueFiles.ReadFile("catalogue/" + e.Name())
		if err != nil {
			return nil, err
		}
		var c Catalogue
		if err := json.Unmarshal(raw, &c); err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", e.Name(), err)
		}
		all[c.Version] = c
	}
	return all, nil
})

// CatalogueVersion returns one version of the catalogue; 0 means the current one.
func CatalogueVersion(version int) (Catalogue, error) {
	if version == 0 {
		version = CurrentCatalogue
	}
	all, err := readCatalogues()
	if err != nil {
		return Catalogue{}, err
	}
	c, ok := all[version]
	if !ok {
		return Catalogue{}, Errorf(ErrNotFound, "catalogue %s is not known; the newest one is %d", strconv.Itoa(version), CurrentCatalogue)
	}
	return c, nil
}

// Questions are all questions in the order of the areas.
func (c Catalogue) Questions() []Question {
	var out []Question
	for _, a := range c.Areas {
		out = append(out, a.Questions...)
	}
	return out
}

// Question finds a question by its id.
func (c Catalogue) Question(id QuestionID) (Question, bool) {
	for _, a := range c.Areas {
		for _, q := range a.Questions {
			if q.ID == id {
				return q, true
			}
		}
	}
	return Question{}, false
}

// Area finds an area and its place by its id.
func (c Catalogue) Area(id AreaID) (Area, int, bool) {
	for n, a := range c.Areas {
		if a.ID == id {
			return a, n, true
		}
	}
	return Area{}, 0, false
}
