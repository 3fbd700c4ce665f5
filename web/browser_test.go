package web

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe/axe.min.js
var axe string

// chrome is a real browser that notes what a page must not do: an error in the
// console, a refusal by the content policy, a request to another host.
type chrome struct {
	t    testing.TB
	base string
	ctx  context.Context //nolint:containedctx // chromedp keeps its browser in one

	mu     sync.Mutex // guards faults
	faults []string
}

// newChrome starts Chromium; without one the test is skipped with a line, or
// fails where FOLLOWTHROUGH_REQUIRE_BROWSER=1.
func newChrome(t testing.TB, base, language string) *chrome {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("FOLLOWTHROUGH_REQUIRE_BROWSER") == "1" {
			t.Fatal("no Chromium is installed, and FOLLOWTHROUGH_REQUIRE_BROWSER=1")
		}
		t.Skip("no Chromium is installed; the pages are not looked at (apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("lang", language))
	allocator, endAllocator := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(endAllocator)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	c := &chrome{t: t, base: base, ctx: ctx}
	if err := chromedp.Listen(ctx, c.note); err != nil {
		t.Fatal(err)
	}
	call(c, network.Enable, network.EnableParams{})
	call(c, log.Enable, cdp.Empty{})
	call(c, runtime.Enable, cdp.Empty{})
	call(c, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": language}})
	return c
}

// call runs one command of the protocol.
func call[P, R any](c *chrome, command cdp.Command[P, R], params P) {
	c.t.Helper()
	if _, err := chromedp.Call(c.ctx, command, params); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chrome) note(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		c.fault("exception: %s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			c.fault("console: %v", e.Args)
		}
	case *log.EventEntryAdded:
		if strings.Contains(e.Entry.Text, "status of 4") { // a refused form is an answer like any other
			return
		}
		c.fault("log: %s %s", e.Entry.Text, e.Entry.URL)
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme != "about" && !strings.HasPrefix(e.Request.URL, c.base) {
			c.fault("a request to another host: %s", e.Request.URL)
		}
	case *page.EventJavascriptDialogOpening:
		go func() {
			_, _ = chromedp.Call(c.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	}
}

func (c *chrome) fault(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// clean fails the test for whatever a page did that it must not.
func (c *chrome) clean(where string) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults {
		c.t.Errorf("%s: %s", where, f)
	}
	c.faults = nil
}

// within bounds one step: a page that never comes fails the test.
func (c *chrome) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(c.ctx, 30*time.Second)
}

func (c *chrome) run(actions ...chromedp.Action[chromedp.Void]) {
	c.t.Helper()
	ctx, cancel := c.within()
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		c.t.Fatalf("%v\nthe page says: %s", err, result(c, chromedp.Text(chromedp.CSS("body"))))
	}
}

// result runs an action and returns what it found.
func result[T any](c *chrome, action chromedp.Action[T]) T {
	c.t.Helper()
	ctx, cancel := c.within()
	defer cancel()
	found, err := chromedp.Run(ctx, action)
	if err != nil {
		c.t.Fatal(err)
	}
	return found
}

func (c *chrome) open(path string) {
	c.t.Helper()
	c.run(chromedp.Navigate(c.base+path), chromedp.WaitReady(chromedp.CSS("main")))
}

// submit presses a button and waits for the page after it.
func (c *chrome) submit(selector string) {
	c.t.Helper()
	ctx, cancel := c.within()
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		c.t.Fatalf("%s: %v", selector, err)
	}
	c.run(chromedp.WaitReady(chromedp.CSS("main")))
}

func (c *chrome) fill(selector, text string) {
	c.t.Helper()
	c.run(chromedp.SetValue(chromedp.CSS(selector), text))
}

func (c *chrome) says(words ...string) {
	c.t.Helper()
	text := result(c, chromedp.Text(chromedp.CSS("body")))
	for _, w := range words {
		if !strings.Contains(text, w) {
			c.t.Fatalf("the page does not say %q:\n%s", w, text)
		}
	}
}

// accessible runs axe-core on the page. The check is injected by the debugger,
// which the content policy does not concern.
func (c *chrome) accessible(where string) {
	c.t.Helper()
	type violation struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML           string `json:"html"`
			FailureSummary string `json:"failureSummary"`
		} `json:"nodes"`
	}
	const check = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => r.violations)`
	_ = result(c, chromedp.Evaluate[bool](axe+"; true"))
	found := result(c, chromedp.Evaluate[[]violation](check, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
	for _, v := range found {
		c.t.Errorf("%s: axe %s: %s", where, v.ID, v.Help)
		for _, n := range v.Nodes[:min(3, len(v.Nodes))] {
			c.t.Logf("   %s\n   %s", n.HTML, n.FailureSummary)
		}
	}
}

// shot keeps a picture of the whole page in test-output.
func (c *chrome) shot(name string, width int64, dark bool) {
	c.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	call(c, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500})
	call(c, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	picture := result(c, chromedp.FullScreenshot(100))
	folder := filepath.Join("..", "test-output", "pages")
	if err := errors.Join(os.MkdirAll(folder, 0o750), os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600)); err != nil {
		c.t.Fatal(err)
	}
}

// wide reports whether the page is wider than the window, which would make
// people scroll sideways.
func (c *chrome) wide(where string) {
	c.t.Helper()
	over := result(c, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
	if over > 0 {
		c.t.Errorf("%s: the page is %d pixels wider than the window", where, over)
	}
}

func (c *chrome) signIn(role string) {
	c.t.Helper()
	c.open("/sign-in")
	c.fill("#signin-email", role+"@example.org")
	c.fill("#signin-password", password)
	c.submit("main button")
}
