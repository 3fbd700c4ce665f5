//go:build !unix

package metrics_test

import "time"

// processTime is not measured here; the benchmarks then report 0.
func processTime() time.Duration { return 0 }
