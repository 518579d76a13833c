package e2e

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var pictures = flag.Bool("pictures", false, "write the pictures of the page to docs/pictures")

// In a real browser: a call appears and goes while one looks, the button ends it, and
// nothing that a script has printed is more than text.
func TestPageInBrowser(t *testing.T) {
	t.Parallel()
	g, page := paged(t)
	c := browse(t) // which ends before the gateway is looked at
	c.visit(page + "/")
	c.await("it is live", `document.querySelector("#live.on")`)
	c.eval(`window.same = true`, new(bool))

	h := g.hold(t, "GET", "/stays")
	row := `#c-` + h.id
	c.await("the call appears", `document.querySelector("`+row+`")`)
	c.await("it costs something", `/ s$/.test(document.querySelector("`+row+` [data-f=cpu]").textContent)`)
	c.click(row + " summary")
	c.await("the buttons are shown", `document.querySelector("`+row+` details").open`)
	time.Sleep(1200 * time.Millisecond) // the row is brought up to date meanwhile, and stays open
	c.click(row + " button[value=term]")
	if p := h.answer(t).wantProblem(t, 502, "no-answer"); p.Signal == nil || *p.Signal != "SIGTERM" {
		t.Errorf("signal %v", p.Signal)
	}
	c.await("it has ended", `!document.querySelector("`+row+`") && document.querySelector("#e-`+h.id+`.bad [data-f=how]").textContent === "exit, SIGTERM"`)
	c.await("it says so", `/SIGTERM is sent/.test(document.querySelector("#live").textContent)`)

	g.get(t, "/fails").want(t, 500)
	c.await("a call that fails is shown with its words", `document.querySelector("#ended tbody [data-f=words]").textContent === "Error: ␛[31mno <b>table</b>"`)
	c.click("#ended tbody .log summary")
	c.await("its output is text", `document.querySelector("#ended tbody pre[data-f=stdout]").textContent.includes("<script>document.title") && document.querySelector("pre[data-f=stdout]").offsetHeight > 0`)
	c.click("#only")
	g.get(t, "/fine").want(t, 200)
	c.await("what went well is hidden", `(() => { const b = document.querySelector("#ended tbody"); return /fine/.test(b.textContent) && b.offsetHeight === 0; })()`)
	c.await("nothing was loaded again", `window.same`)

	// As it is made by the server, the same.
	c.visit(page + "/?again")
	c.await("hostile text is text", `document.title === "`+g.name+` – urocket" && !document.querySelector("pre *") && !document.images.length`)
	if said := c.complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}

// Without scripts the page is whole and the button works.
func TestPageWithoutScript(t *testing.T) {
	t.Parallel()
	g, page := paged(t)
	c := browse(t)
	c.call(c.page, "Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	h := g.hold(t, "GET", "/stays")
	c.visit(page + "/")
	c.await("the call is there", `document.querySelector("#c-`+h.id+`") && !document.querySelector("#live.on")`)
	c.click("#c-" + h.id + " summary")
	c.click("#c-" + h.id + " button[value=kill]")
	h.answer(t).wantProblem(t, 502, "no-answer")
	if len(g.logLines("an operator ends a call", h.id, `"now":true`)) != 1 {
		t.Error("it was not the button that ended it")
	}
	c.await("the page is back", `location.pathname === "/" && document.querySelector("h1")`)
}

// A page of another site that has a browser come here gets nothing and ends nothing.
func TestPageFromElsewhere(t *testing.T) {
	t.Parallel()
	g, page := paged(t)
	c := browse(t)
	h := g.hold(t, "GET", "/stays")
	// The public listener's 404 is an origin of its own: the same host, another port.
	c.visit("http://" + g.addr + "/elsewhere")
	token := pageToken(t, page)
	var got string
	c.eval(`fetch("`+page+`/").then(r => r.text()).catch(e => "refused")`, &got)
	if got != "refused" {
		t.Errorf("another origin reads the page: %s", tail(got, 200))
	}
	c.eval(`fetch("`+page+`/page/end", {method: "POST", mode: "no-cors", body: new URLSearchParams({id: "`+h.id+`", token: "`+token+`"})}).then(() => "sent").catch(() => "sent")`, &got)
	if p := g.proc(t, h.id); p.State != "running" {
		t.Errorf("another origin has ended a call: %s", p.State)
	}
	g.release(t, h.token)
	h.answer(t)
}

// The page fits a desk and a phone, light and dark; with -pictures that is kept for
// docs/page.md, of calls as a shop may have them.
func TestPageLooks(t *testing.T) {
	t.Parallel()
	admin := freeAddress(t)
	g := start(t, setup{
		top: keys{"servicename": "petshop", "admin": admin, "running": 16},
		files: map[string]string{
			"mail.php":   "<?php\nfwrite(STDERR, \"0003.txt: not an address: grace at example.org\\n\");\n$t = microtime(true); while (microtime(true) - $t < 0.6); sleep(60);\n",
			"report.php": "<?php\necho \"42 orders\\n\"; usleep(300000);\n",
			"import.php": "<?php\necho \"reading prices.csv\\n\";\nfwrite(STDERR, \"line 16: no price, taken as it was\\nError: prices.csv, line 17: there is no product 4711\\n\"); exit(1);\n",
			"export.php": "<?php\nfor ($i = 1; $i <= 400; $i++) echo \"$i,rex,dog\\n\"; sleep(30);\n",
		},
		ops: ops{
			"get /report/{month}":  {"cmd": "php report.php {{path.month}}", "reply": "stdout", "timeout": "5s"},
			"post /job/mail-queue": {"cmd": "php mail.php", "reply": "report", "running": 1, "queued": 0, "timeout": "5m"},
			"post /job/import":     {"cmd": "php import.php", "reply": "report", "timeout": "1m"},
			"get /export/pets":     {"cmd": "php export.php", "reply": "stdout", "timeout": "1s"},
		},
	})
	for _, path := range []string{"/report/2026-05", "/report/2026-06"} {
		g.get(t, path).want(t, 200)
	}
	g.post(t, "/job/import", "{}").want(t, 500)
	g.get(t, "/export/pets")
	g.get(t, "/report/2026-06").want(t, 200)
	running := g.begin(t, "POST", "/job/mail-queue")
	c := browse(t)
	c.screen(1100, 1020, 1, "light")
	c.visit("http://" + admin + "/")
	c.await("it is live", `document.querySelector("#live.on") && document.querySelectorAll("#running tbody tr").length === 1`)
	c.looks(t, "page-light.png")
	c.eval(`document.querySelectorAll("#ended .bad details").forEach((d) => { if (/import/.test(d.textContent)) d.open = true; }), true`, new(bool))
	c.screen(1100, 860, 1, "dark")
	c.looks(t, "page-dark.png")
	c.screen(390, 844, 2, "light")
	c.looks(t, "page-phone.png")
	g.cli(t, "kill", g.callOf(t, "/job/mail-queue"), "--socket", g.sock).want(t, 0)
	running.answer(t)
}

// looks demands that nothing sticks out to the side, and keeps a picture if that is
// asked for, as small as it can be made without loss.
func (c *chromium) looks(t *testing.T, name string) {
	t.Helper()
	var wide bool
	if c.eval(`document.documentElement.scrollWidth > document.documentElement.clientWidth`, &wide); wide {
		t.Errorf("%s: wider than the screen", name)
	}
	if !*pictures {
		return
	}
	time.Sleep(1500 * time.Millisecond) // new rows have faded in
	im, err := png.Decode(bytes.NewReader(c.picture()))
	check(t, err)
	var out bytes.Buffer
	check(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, im))
	file := filepath.Join("..", "docs", "pictures", name)
	check(t, os.MkdirAll(filepath.Dir(file), 0o755))
	check(t, os.WriteFile(file, out.Bytes(), 0o644))
	if optipng, err := exec.LookPath("optipng"); err == nil {
		check(t, exec.Command(optipng, "-quiet", "-strip", "all", file).Run())
	}
	if info, err := os.Stat(file); err != nil || info.Size() > 150<<10 {
		t.Errorf("%s: %v, %d bytes", name, err, info.Size())
	}
}
