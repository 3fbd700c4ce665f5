package verify

import (
	"bytes"
	"encoding/json"

	"github.com/followthrough/followthrough/domain"
)

// kind is the computation of a kind of case, nil for an unknown one. It gets the
// expected values too, because these say at which times, levels and weeks the
// reference looked.
func kind(name string) func(input, expected json.RawMessage) (any, error) {
	switch name {
	case "kaplan_meier":
		return kaplanMeier
	case "logrank":
		return logRank
	case "aalen_johansen":
		return aalenJohansen
	case "mcf":
		return meanCumulative
	case "proportion":
		return proportion
	case "proportion_difference":
		return proportionDifference
	case "clustered_proportion":
		return clusteredProportion
	case "poisson_rate":
		return poissonRate
	case "rate_ratio":
		return rateRatio
	case "rate_ratio_mh":
		return rateRatioMH
	case "trend":
		return trend
	case "shift":
		return shift
	case "xmr":
		return individualsChart
	case "its":
		return interruptedSeries
	case "forecast":
		return forecast
	case "measure_facts":
		return measureFacts
	case "incident_rollup":
		return incidentRollUp
	case "recurrence_states":
		return recurrenceStates
	case "little":
		return little
	case "andersen_gill":
		return andersenGill
	}
	return nil
}

// read decodes an input strictly: a field nobody reads would be a case that is
// only half checked.
func read(text json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return domain.Errorf(domain.ErrInvalid, "the input cannot be read: %v", err)
	}
	return nil
}

// look decodes the few expected values that say where the reference looked.
func look(text json.RawMessage, into any) error {
	if err := json.Unmarshal(text, into); err != nil {
		return domain.Errorf(domain.ErrInvalid, "the expected values cannot be read: %v", err)
	}
	return nil
}
