package sync

import (
	"strings"
	"testing"

	"github.com/followthrough/followthrough/domain"
)

// TestT74Addresses: whatever form it takes, an address inside is reached only
// for a host that the operator named, and some are reached for nobody.
func TestT74Addresses(t *testing.T) {
	hosts := domain.HostList{"api.github.com", "*.atlassian.net", "jira.acme.example", "http://127.0.0.1:8090"}
	tests := map[string]struct {
		host, dialled, says string // says is empty where the address may be dialled
	}{
		"public":                    {"api.github.com", "140.82.121.6:443", ""},
		"public, IPv6":              {"api.github.com", "[2606:50c0:8000::64]:443", ""},
		"wildcard pointing inwards": {"evil.atlassian.net", "10.0.0.5:443", "private address"},
		"well-known name inwards":   {"api.github.com", "127.0.0.1:443", "private address"},
		"named and private":         {"jira.acme.example", "10.0.0.5:443", ""},
		"named loopback":            {"127.0.0.1", "127.0.0.1:8090", ""},
		"metadata service":          {"jira.acme.example", "169.254.169.254:80", "never a tracker"},
		"metadata service, IPv6":    {"jira.acme.example", "[fd00:ec2::254]:80", "never a tracker"},
		"IPv4 inside IPv6":          {"evil.atlassian.net", "[::ffff:10.0.0.5]:443", "private address"},
		"NAT64":                     {"evil.atlassian.net", "[64:ff9b::a00:5]:443", "private address"},
		"6to4":                      {"evil.atlassian.net", "[2002:a00:5::1]:443", "private address"},
		"metadata service by NAT64": {"jira.acme.example", "[64:ff9b::a9fe:a9fe]:443", "never a tracker"},
		"carrier-grade addresses":   {"evil.atlassian.net", "100.64.0.1:443", "private address"},
		"unspecified":               {"jira.acme.example", "0.0.0.0:443", "never a tracker"},
		"multicast":                 {"jira.acme.example", "224.0.0.1:443", "never a tracker"},
		"unique local, IPv6":        {"evil.atlassian.net", "[fd12:3456::1]:443", "private address"},
		"what is not an address":    {"jira.acme.example", "somewhere:443", "unreadable address"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := checkAddress(tt.host, tt.dialled, named(hosts, tt.host))
			if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("%s at %s: %v, want %q", tt.host, tt.dialled, err, tt.says)
			}
		})
	}
}
