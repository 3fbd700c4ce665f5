package metrics

import (
	"math"

	"github.com/followthrough/followthrough/domain"
)

// invalidf is the refusal of this package: a domain.ErrInvalid that says what
// was wrong with which input.
func invalidf(format string, args ...any) error {
	return domain.Errorf(domain.ErrInvalid, format, args...)
}

// checkConf refuses a confidence level outside (0, 1).
func checkConf(conf float64) error {
	if !(conf > 0 && conf < 1) {
		return invalidf("confidence level %v is not accepted; use a number between 0 and 1 such as 0.95", conf)
	}
	return nil
}

// checkFinite refuses NaN and infinities, naming the first offender.
func checkFinite(name string, values []float64) error {
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return invalidf("%s[%d] is %v; use a finite number", name, i, v)
		}
	}
	return nil
}
