package main

import (
	"image"
	"image/draw"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/followthrough/followthrough/web/browsertest"
)

// pictureHeight is how much of a page a picture of the README shows.
const pictureHeight = 1150

// The demo's pages, with fourteen months of history, at three widths and on
// paper. FOLLOWTHROUGH_UPDATE_PICTURES=1 renews the pictures of the README.
func TestDemoInTheBrowser(t *testing.T) {
	ctx := t.Context()
	clock := &demoClock{}
	clock.moveTo(time.Now())
	trackers, err := openDemoTrackers(ctx, demoPeople(), clock.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = trackers.close() })
	folder := t.TempDir()
	address := freeAddress(ctx, "127.0.0.1:0")
	p, err := openDemo(ctx, Config{DatabaseURL: "sqlite://demo.db", DataDir: folder, SecretKeyFile: filepath.Join(folder, "secret.key"), Listen: address,
		PublicURL: "http://" + address, TrackerHosts: trackers.hosts(), PollInterval: time.Hour, Zone: time.UTC, Language: "en", Migrate: true}, slog.New(slog.DiscardHandler), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	trackers.listen()
	if _, err := seedDemo(ctx, p, trackers, clock); err != nil {
		t.Fatal(err)
	}
	s, err := p.listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.serve() }()
	t.Cleanup(func() { _ = s.http.Close() })
	c := browsertest.New(t, s.URL(), "en")
	c.Open("/sign-in")
	c.Fill("#signin-email", "ana@nordwind.example")
	c.Fill("#signin-password", demoPassword)
	c.Submit("main button")
	for _, page := range []struct{ name, path string }{{"dashboard", "/"}, {"conflict", "/conflicts"}, {"measures", "/measures"}, {"incidents", "/incidents"}, {"incident", "/incidents/INC-1"},
		{"measure", "/measures/M-1"}, {"statistics", "/statistics"}, {"trackers", "/trackers"}, {"tracker", "/trackers/" + string(demoGitHub)}} {
		c.Open(page.path)
		for width, name := range map[int64]string{390: "-390", 1024: "-1024", 1400: ""} {
			c.Shot("demo-"+page.name+name, width, false)
			c.NotWider(page.path)
		}
		c.Accessible(page.path)
		c.Paper("demo-" + page.name)
		c.Clean(page.path)
	}
	if os.Getenv("FOLLOWTHROUGH_UPDATE_PICTURES") == "1" {
		for _, name := range []string{"dashboard", "conflict"} {
			renewPicture(t, name)
		}
	}
}

// renewPicture cuts the top of a page out for the README.
func renewPicture(t *testing.T, name string) {
	t.Helper()
	from, err := os.Open(filepath.Join("..", "..", "test-output", "pages", "demo-"+name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	whole, err := png.Decode(from)
	if err != nil {
		t.Fatal(err)
	}
	size := whole.Bounds()
	top := image.NewRGBA(image.Rect(0, 0, size.Dx(), min(size.Dy(), pictureHeight)))
	draw.Draw(top, top.Bounds(), whole, size.Min, draw.Src)
	to, err := os.Create(filepath.Join("..", "..", "docs", "pictures", name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(to, top); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
}
