package githubsim_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/followthrough/followthrough/sync/trackertest/githubsim"
)

// A repository, a token and an HTTP client that needs no network are all a
// test needs; the oracle then tells what is really there.
func Example() {
	s := githubsim.New(githubsim.Options{})
	s.AddRepo("acme/shop", githubsim.RepoOptions{})
	s.AddUser("ann")
	s.Grant("acme/shop", "ann", githubsim.RoleWrite)
	token := s.Token("ann", githubsim.TokenOptions{})

	// The second create takes effect, but its answer is lost.
	s.Inject(githubsim.Rule{Method: "POST", Nth: 2, Effect: githubsim.Reset(true)})

	client := &http.Client{Transport: s.Transport()}
	for range 2 {
		r, _ := http.NewRequest(http.MethodPost, s.BaseURL()+"repos/acme/shop/issues", strings.NewReader(`{"title":"Add a guard"}`)) //nolint:noctx // an example
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(r)
		if err != nil {
			fmt.Println("no answer")
			continue
		}
		_ = resp.Body.Close()
		fmt.Println(resp.Status)
	}
	for _, i := range s.Oracle() {
		fmt.Println(i.Repo, i.Number, i.Title)
	}
	// Output:
	// 201 Created
	// no answer
	// acme/shop 1 Add a guard
	// acme/shop 2 Add a guard
}
