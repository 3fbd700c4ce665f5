package browsertest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Download presses a button that answers with a file and returns where the
// browser put it.
func (c *Browser) Download(selector string) string {
	c.t.Helper()
	folder := c.t.TempDir()
	if _, err := chromedp.CallBrowser(c.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder}); err != nil {
		c.t.Fatal(err)
	}
	c.Run(chromedp.Click(chromedp.CSS(selector)))
	for range 300 {
		files, err := os.ReadDir(folder)
		if err != nil {
			c.t.Fatal(err)
		}
		// the browser writes into a file of another name first
		if len(files) == 1 && !strings.HasSuffix(files[0].Name(), ".crdownload") && !strings.HasPrefix(files[0].Name(), ".") {
			return filepath.Join(folder, files[0].Name())
		}
		time.Sleep(20 * time.Millisecond)
	}
	c.t.Fatalf("%s: no file came\nthe page says: %s", selector, Result(c, chromedp.Text(chromedp.CSS("body"))))
	return ""
}

// PDF prints the page as a browser does that saves it as PDF, keeps it in
// test-output and returns its content.
func (c *Browser) PDF(name string) []byte {
	c.t.Helper()
	yes := true
	ctx, cancel := c.within()
	defer cancel()
	printed, err := chromedp.Call(ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes})
	if err != nil {
		c.t.Fatal(err)
	}
	folder := filepath.Join(root(c.t), "test-output", "pages")
	if err := errors.Join(os.MkdirAll(folder, 0o750), os.WriteFile(filepath.Join(folder, name+".pdf"), printed.Data, 0o600)); err != nil {
		c.t.Fatal(err)
	}
	return printed.Data
}
