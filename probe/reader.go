package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/followthrough/followthrough/domain"
)

const (
	// readTimeout bounds one request, from dialling to the last byte.
	readTimeout = 10 * time.Second
	// maxBody bounds an answer; a number needs far less.
	maxBody = 1 << 20
	// maxHistory is how many readings the first visit takes at most.
	maxHistory = 200
)

// Reader asks the endpoints. Its transport decides which addresses may be
// dialled; redirects are never followed, because they would lead past the list.
type Reader struct {
	client *http.Client
	// hosts are asked again at each reading: a host that was taken off the list is
	// no longer read.
	hosts domain.HostList
}

// NewReader reads through a transport that checks the address it dials.
func NewReader(hosts domain.HostList, transport http.RoundTripper) *Reader {
	return &Reader{hosts: hosts, client: &http.Client{Transport: transport, Timeout: readTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Now reads the number as it is now.
func (r *Reader) Now(ctx context.Context, p domain.MetricProbe, now time.Time) (float64, error) {
	if p.Kind == domain.ProbeJSON {
		body, err := r.get(ctx, p, p.URL)
		if err != nil {
			return 0, err
		}
		return pointed(body, p.Query)
	}
	body, err := r.get(ctx, p, r.api(p, "query", url.Values{"query": {p.Query}, "time": {stamp(now)}}))
	if err != nil {
		return 0, err
	}
	return instant(body)
}

// History reads what a Prometheus remembers of a span, one number a step: the
// readings from before the measure are its baseline. Other endpoints remember
// nothing. A query without a past is no error.
func (r *Reader) History(ctx context.Context, p domain.MetricProbe, from, to time.Time) ([]domain.Observation, error) {
	if p.Kind != domain.ProbePrometheus {
		return nil, nil
	}
	step := max(p.Every(), to.Sub(from)/maxHistory)
	body, err := r.get(ctx, p, r.api(p, "query_range", url.Values{"query": {p.Query}, "start": {stamp(from)}, "end": {stamp(to)}, "step": {strconv.Itoa(int(step.Seconds()))}}))
	if err != nil {
		return nil, err
	}
	return series(body)
}

func (r *Reader) api(p domain.MetricProbe, call string, query url.Values) string {
	return strings.TrimRight(p.URL, "/") + "/api/v1/" + call + "?" + query.Encode()
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// get fetches an answer. What the other side says is never repeated: an error
// text would be a way to read what only this machine can reach.
func (r *Reader) get(ctx context.Context, p domain.MetricProbe, address string) ([]byte, error) {
	if err := p.Check(r.hosts); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, domain.Invalid("url", "%q cannot be asked", p.URL)
	}
	request.Header.Set("Accept", "application/json")
	answer, err := r.client.Do(request)
	if err != nil {
		if kind := domain.KindOf(err); kind == domain.ErrForbidden {
			return nil, domain.Errorf(domain.ErrForbidden, "%s leads to an address that may not be probed; a private host must be named itself in FOLLOWTHROUGH_PROBE_HOSTS", request.URL.Host)
		}
		return nil, domain.Errorf(domain.ErrUnavailable, "%s cannot be reached, or did not answer within %s", request.URL.Host, readTimeout)
	}
	defer func() { _ = answer.Body.Close() }() // read to its end or given up
	if answer.StatusCode != http.StatusOK {
		return nil, domain.Errorf(domain.ErrUnavailable, "%s answered with status %d; 200 is needed, and redirects are not followed", request.URL.Host, answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err != nil {
		return nil, domain.Errorf(domain.ErrUnavailable, "the answer of %s broke off", request.URL.Host)
	}
	if len(body) > maxBody {
		return nil, domain.Errorf(domain.ErrUnavailable, "the answer of %s is larger than %d bytes; ask for one number", request.URL.Host, maxBody)
	}
	return body, nil
}

// promAnswer is what the query API of Prometheus answers.
type promAnswer struct {
	Status string
	Data   struct {
		ResultType string
		Result     json.RawMessage
	}
}

type promSeries struct {
	Value  [2]any
	Values [][2]any
}

func unclear(format string, args ...any) error {
	return domain.Errorf(domain.ErrUnavailable, "the answer is not one number: %s", fmt.Sprintf(format, args...))
}

func readProm(body []byte) ([]promSeries, error) {
	var a promAnswer
	if json.Unmarshal(body, &a) != nil || a.Status != "success" {
		return nil, unclear("it is not a successful answer of the Prometheus query API")
	}
	if a.Data.ResultType == "scalar" {
		var one promSeries
		if json.Unmarshal(a.Data.Result, &one.Value) != nil {
			return nil, unclear("the scalar cannot be read")
		}
		return []promSeries{one}, nil
	}
	var all []promSeries
	if json.Unmarshal(a.Data.Result, &all) != nil {
		return nil, unclear("the result cannot be read")
	}
	return all, nil
}

func instant(body []byte) (float64, error) {
	all, err := readProm(body)
	if err != nil {
		return 0, err
	}
	if len(all) != 1 {
		return 0, unclear("the query yields %d series; aggregate them to one", len(all))
	}
	_, value, err := sample(all[0].Value)
	return value, err
}

func series(body []byte) ([]domain.Observation, error) {
	all, err := readProm(body)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if len(all) != 1 {
		return nil, unclear("the query yields %d series; aggregate them to one", len(all))
	}
	var out []domain.Observation
	for _, pair := range all[0].Values {
		at, value, err := sample(pair)
		if err != nil {
			continue // a gap in the past, such as a division by zero
		}
		out = append(out, domain.Observation{At: at, Value: value})
	}
	return out[:min(len(out), maxHistory+1)], nil
}

// sample reads a pair of seconds and a number in quotes.
func sample(pair [2]any) (time.Time, float64, error) {
	seconds, ok := pair[0].(float64)
	text, isText := pair[1].(string)
	if !ok || !isText || seconds < 0 || seconds > 1e11 {
		return time.Time{}, 0, unclear("a sample cannot be read")
	}
	value, err := finite(text)
	return time.UnixMilli(int64(seconds * 1000)).UTC(), value, err
}

func finite(text string) (float64, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || math.Abs(value) > 1e12 {
		return 0, unclear("the value is no number between -1e12 and 1e12")
	}
	return value, nil
}

// pointed follows a JSON pointer to a number, or a text that is one.
func pointed(body []byte, pointer string) (float64, error) {
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	var at any
	if decoder.Decode(&at) != nil {
		return 0, unclear("it is not JSON")
	}
	if pointer != "" {
		for part := range strings.SplitSeq(pointer[1:], "/") {
			part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
			switch in := at.(type) {
			case map[string]any:
				at = in[part]
			case []any:
				n, err := strconv.Atoi(part)
				if err != nil || n < 0 || n >= len(in) {
					return 0, unclear("%s leads nowhere", pointer)
				}
				at = in[n]
			default:
				return 0, unclear("%s leads nowhere", pointer)
			}
		}
	}
	switch v := at.(type) {
	case json.Number:
		return finite(v.String())
	case string:
		return finite(v)
	}
	return 0, unclear("%s leads to no number", pointer)
}
