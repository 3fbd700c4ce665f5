//go:build !unix

package evidence

import "time"

// processTime is not measured here; the benchmarks then report 0.
func processTime() time.Duration { return 0 }
