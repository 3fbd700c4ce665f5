// Package probe reads success metrics from a Prometheus or a JSON endpoint and
// records them as observations, on the work schedule.
package probe
