// Package trackertest is the conformance suite of trackers: every adapter, on
// the simulator of its product, passes it. A new tracker is done when it does.
//
// The suite speaks only through the tracker interface and through Site, which
// says what people, administrators and bad luck can do on the other side.
package trackertest

import (
	"testing"

	"github.com/followthrough/followthrough/domain"
	tracksync "github.com/followthrough/followthrough/sync"
)

// Site is one simulated installation with one configured repository or
// project. Every method that cannot do its work fails the test.
//
//nolint:interfacebloat // one method for each thing that can happen on the other side
type Site interface {
	// Tracker returns a new adapter on the site; it remembers nothing.
	Tracker(t testing.TB) tracksync.Tracker
	// People are the ids of two persons with a mapped, assignable account, and
	// the login of an assignable account that no person is mapped to.
	People() (first, second domain.PersonID, stranger string)
	// Requests is how many requests the site has answered so far.
	Requests() int
	// Wait lets time pass until earlier changes are visible everywhere and later
	// ones have a later time.
	Wait(t testing.TB)

	// Open is a person opening an issue without our marker.
	Open(t testing.TB, title, text string) domain.RemoteRef
	// Edit is a person changing fields, given in the domain's canonical form.
	// Where a field lives in the block, the person types over its line.
	Edit(t testing.TB, ref domain.RemoteRef, values map[domain.Field]string)
	// Append is a person adding a line to the end of the text people write, and
	// Text is that text without our block, as the tracker stores it.
	Append(t testing.TB, ref domain.RemoteRef, line string)
	Text(t testing.TB, ref domain.RemoteRef) string
	// Label is a person adding a label of their own; Labels lists all labels.
	Label(t testing.TB, ref domain.RemoteRef, name string)
	Labels(t testing.TB, ref domain.RemoteRef) []string
	// Delete removes the issue for good; Move takes it to a place that is not
	// configured here.
	Delete(t testing.TB, ref domain.RemoteRef)
	Move(t testing.TB, ref domain.RemoteRef)
	// Copy is a person duplicating an issue, marker and all.
	Copy(t testing.TB, ref domain.RemoteRef) domain.RemoteRef
	// Issues lists the issues of the place that carry the nonce, whoever reads.
	Issues(t testing.TB, nonce string) []domain.RemoteRef
	// Foreign are addresses of issues outside the configured place, and malformed ones.
	Foreign() []string

	// Fail lets the next request that matches the class go wrong in the way named.
	Fail(t testing.TB, class domain.CallClass, fault Fault)
}

// Fault is one way in which a request goes wrong.
type Fault string

// The faults the suite uses. The trackers' own ones are tested with the adapters.
const (
	// Refused is a credential that no longer works.
	Refused Fault = "refused"
	// Limited is a rate limit that names the time to wait.
	Limited Fault = "limited"
	// Down is a server error before anything happened.
	Down Fault = "down"
	// DownAfter is a server error after the request took effect.
	DownAfter Fault = "down after"
	// Lost is a connection that breaks after the request took effect.
	Lost Fault = "lost"
	// Empty is a success without a body, after the request took effect.
	Empty Fault = "empty"
	// Page is a success that answers with a page for people.
	Page Fault = "page"
	// Hidden is the answer for something that is not there or not to be seen.
	Hidden Fault = "hidden"
	// Forbidden is a missing permission.
	Forbidden Fault = "forbidden"
)

// Faults lists every fault.
func Faults() []Fault {
	return []Fault{Refused, Limited, Down, DownAfter, Lost, Empty, Page, Hidden, Forbidden}
}
