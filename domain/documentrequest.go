package domain

// DocumentFormat is the form of a review's document.
type DocumentFormat string

// The forms. A browser prints HTML as PDF.
const (
	DocumentMarkdown DocumentFormat = "md"
	DocumentHTML     DocumentFormat = "html"
)

// DocumentFormats lists every form; the first is the usual one.
func DocumentFormats() []DocumentFormat { return []DocumentFormat{DocumentMarkdown, DocumentHTML} }

// DocumentRequest asks for the document of a review.
type DocumentRequest struct {
	Incident IncidentKey
	// Version is a published version; 0 is the latest one.
	Version int
	// Draft asks for the working copy instead, as it would be published now.
	Draft  bool
	Format DocumentFormat
	// Language is the organisation's when empty.
	Language string
}

// DocumentFile is a document that was written.
type DocumentFile struct {
	// Name is a file name for it, Media its type.
	Name, Media string
	Text        []byte
}
