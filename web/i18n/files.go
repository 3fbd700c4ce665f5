package i18n

import "embed"

//go:embed refusals.de.json
var refusalFiles embed.FS
