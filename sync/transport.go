package sync

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/followthrough/followthrough/domain"
)

// NewTransport returns the base transport of all trackers: no proxy from the
// environment, bounded dialling, and a check of the address that is really
// dialled. A name on the list decides who may be asked; the address check
// keeps a name from pointing inwards (security.md T1).
func NewTransport(hosts domain.HostList) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			d := *dialer
			private := named(hosts, host)
			d.ControlContext = func(_ context.Context, _, dialled string, _ syscall.RawConn) error {
				return checkAddress(host, dialled, private)
			}
			return d.DialContext(ctx, network, address)
		},
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 15 * time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   4,
		ForceAttemptHTTP2:     true,
	}
}

// named reports whether the operator wrote this very host on the list: only
// then may it live on a private address.
func named(hosts domain.HostList, host string) bool {
	for _, entry := range hosts {
		name := strings.TrimPrefix(strings.TrimPrefix(entry, "http://"), "https://")
		if h, _, err := net.SplitHostPort(name); err == nil {
			name = h
		}
		if strings.EqualFold(strings.Trim(name, "[]"), host) && host != "api.github.com" {
			return true
		}
	}
	return false
}

func checkAddress(host, dialled string, private bool) error {
	ap, err := netip.ParseAddrPort(dialled)
	if err != nil {
		return domain.Errorf(domain.ErrForbidden, "%s resolves to the unreadable address %q", host, dialled)
	}
	switch class := AddressClass(ap.Addr()); {
	case class == "public", class == "private" && private:
		return nil
	case class == "private":
		return domain.Errorf(domain.ErrForbidden, "%s resolves to the private address %s; a private host must be named in FOLLOWTHROUGH_TRACKER_HOSTS", host, ap.Addr())
	default:
		return domain.Errorf(domain.ErrForbidden, "%s resolves to %s, which is never a tracker", host, ap.Addr())
	}
}

// AddressClass sorts an address into public, private or never. IPv4 addresses
// inside IPv6 forms are judged as what they are.
func AddressClass(addr netip.Addr) string {
	addr = embedded(addr.Unmap().WithZone(""))
	switch {
	case !addr.IsValid(), addr.IsUnspecified(), addr.IsMulticast(), addr.IsLinkLocalUnicast(), inAny(addr, neverPrefixes):
		return "never"
	case addr.IsLoopback(), addr.IsPrivate(), inAny(addr, privatePrefixes):
		return "private"
	}
	return "public"
}

func inAny(addr netip.Addr, prefixes []string) bool {
	for _, p := range prefixes {
		if netip.MustParsePrefix(p).Contains(addr) {
			return true
		}
	}
	return false
}

//nolint:gochecknoglobals // constants of the address plan; Go has no constant slices
var (
	neverPrefixes   = []string{"0.0.0.0/8", "240.0.0.0/4", "192.0.0.0/24", "fd00:ec2::254/128", "100::/64", "2001:db8::/32"}
	privatePrefixes = []string{"100.64.0.0/10", "198.18.0.0/15", "fec0::/10"}
)

// embedded returns the IPv4 address inside NAT64, 6to4 and IPv4-compatible
// forms, which Go's own predicates overlook.
func embedded(addr netip.Addr) netip.Addr {
	if !addr.Is6() {
		return addr
	}
	b := addr.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(addr), netip.MustParsePrefix("64:ff9b:1::/48").Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case netip.MustParsePrefix("2002::/16").Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	case netip.MustParsePrefix("::/96").Contains(addr) && !addr.IsLoopback() && !addr.IsUnspecified():
		return netip.AddrFrom4([4]byte(b[12:16]))
	}
	return addr
}
