// Package browsertest drives a real browser for the tests of the pages. What a
// page must not do fails the test: an error in the console, a refusal by the
// content policy, a request to another host, a violation that axe-core finds.
package browsertest

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

//go:embed axe/axe.min.js
var axe string

// Browser is a real browser that notes what a page must not do.
type Browser struct {
	t    testing.TB
	base string
	ctx  context.Context //nolint:containedctx // chromedp keeps its browser in one

	mu     sync.Mutex // guards faults
	faults []string
}

// New starts Chromium; without one the test is skipped with a line, or
// fails where FOLLOWTHROUGH_REQUIRE_BROWSER=1.
func New(t testing.TB, base, language string) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is started without -short only")
	}
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
	c := &Browser{t: t, base: base, ctx: ctx}
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
func call[P, R any](c *Browser, command cdp.Command[P, R], params P) {
	c.t.Helper()
	if _, err := chromedp.Call(c.ctx, command, params); err != nil {
		c.t.Fatal(err)
	}
}

func (c *Browser) note(event any) {
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

func (c *Browser) fault(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// Clean fails the test for whatever a page did that it must not.
func (c *Browser) Clean(where string) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults {
		c.t.Errorf("%s: %s", where, f)
	}
	c.faults = nil
}

// within bounds one step: a page that never comes fails the test.
func (c *Browser) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(c.ctx, 30*time.Second)
}

// Run does actions one after the other.
func (c *Browser) Run(actions ...chromedp.Action[chromedp.Void]) {
	c.t.Helper()
	ctx, cancel := c.within()
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		c.t.Fatalf("%v\nthe page says: %s", err, Result(c, chromedp.Text(chromedp.CSS("body"))))
	}
}

// Result runs an action and returns what it found.
func Result[T any](c *Browser, action chromedp.Action[T]) T {
	c.t.Helper()
	ctx, cancel := c.within()
	defer cancel()
	found, err := chromedp.Run(ctx, action)
	if err != nil {
		c.t.Fatal(err)
	}
	return found
}

// Open goes to a page.
func (c *Browser) Open(path string) {
	c.t.Helper()
	c.Run(chromedp.Navigate(c.base+path), chromedp.WaitReady(chromedp.CSS("main")))
}

// Submit presses a button and waits for the page after it.
func (c *Browser) Submit(selector string) {
	c.t.Helper()
	ctx, cancel := c.within()
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		c.t.Fatalf("%s: %v", selector, err)
	}
	c.Run(chromedp.WaitReady(chromedp.CSS("main")))
}

// Fill puts a text into a field.
func (c *Browser) Fill(selector, text string) {
	c.t.Helper()
	c.Run(chromedp.SetValue(chromedp.CSS(selector), text))
}

// Says fails unless the page says all of it.
func (c *Browser) Says(words ...string) {
	c.t.Helper()
	text := Result(c, chromedp.Text(chromedp.CSS("body")))
	for _, w := range words {
		if !strings.Contains(text, w) {
			c.t.Fatalf("the page does not say %q:\n%s", w, text)
		}
	}
}

// Accessible runs axe-core on the page. The check is injected by the debugger,
// which the content policy does not concern.
func (c *Browser) Accessible(where string) {
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
	_ = Result(c, chromedp.Evaluate[bool](axe+"; true"))
	found := Result(c, chromedp.Evaluate[[]violation](check, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
	for _, v := range found {
		c.t.Errorf("%s: axe %s: %s", where, v.ID, v.Help)
		for _, n := range v.Nodes[:min(3, len(v.Nodes))] {
			c.t.Logf("   %s\n   %s", n.HTML, n.FailureSummary)
		}
	}
}

// Shot keeps a picture of the whole page in test-output.
func (c *Browser) Shot(name string, width int64, dark bool) {
	c.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	call(c, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500})
	call(c, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	c.keep(name)
}

// keep writes a picture of the page as it stands into test-output.
func (c *Browser) keep(name string) {
	c.t.Helper()
	picture := Result(c, chromedp.FullScreenshot(100))
	folder := filepath.Join(root(c.t), "test-output", "pages")
	if err := errors.Join(os.MkdirAll(folder, 0o750), os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600)); err != nil {
		c.t.Fatal(err)
	}
}

// Paper keeps a picture of the page as it is printed: on white, as wide as A4,
// without what can only be pressed.
func (c *Browser) Paper(name string) {
	c.t.Helper()
	call(c, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 794, Height: 1123, DeviceScaleFactor: 1})
	call(c, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	c.keep(name + "-paper")
	left := Result(c, chromedp.Evaluate[int](`[...document.querySelectorAll('main form, main button, header, footer')].filter((e) => e.checkVisibility()).length`))
	if left > 0 {
		c.t.Errorf("%s: %d forms, buttons or bars are printed", name, left)
	}
	c.NotWider(name + " on paper")
	call(c, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
}

// NotWider fails when the page is wider than the window, which would make
// people scroll sideways.
func (c *Browser) NotWider(where string) {
	c.t.Helper()
	over := Result(c, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
	if over > 0 {
		c.t.Errorf("%s: the page is %d pixels wider than the window", where, over)
	}
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		if filepath.Dir(folder) == folder {
			t.Fatal("go.mod is not found above the test")
		}
		folder = filepath.Dir(folder)
	}
}
