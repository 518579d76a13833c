package php_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// shop is a copy of scripts/ in a folder of its own, run by a user without rights (root becomes nobody), who may not
// write there and writes to tmp alone.
type shop struct {
	php, sh string
	tmp     string
	cred    *syscall.Credential
}

func newShop(t *testing.T) shop {
	t.Helper()
	dir := worldReadable(t)
	if err := os.CopyFS(dir, os.DirFS("..")); err != nil {
		t.Fatal(err)
	}
	s := shop{php: filepath.Join(dir, "php"), sh: filepath.Join(dir, "sh"), tmp: worldReadable(t)}
	if os.Geteuid() == 0 {
		s.cred = &syscall.Credential{Uid: 65534, Gid: 65534}
		if err := os.Chown(s.tmp, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// run starts a script of the shop: in its folder, with the given environment beside TMPDIR.
func (s shop) run(t *testing.T, env []string, stdin string, args ...string) result {
	t.Helper()
	dir := s.php
	if args[0] != "php" {
		dir = s.sh
	}
	return script{args: args, env: append([]string{"TMPDIR=" + s.tmp}, env...), stdin: stdin, dir: dir, cred: s.cred}.run(t)
}

func (s shop) files(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.tmp, "petshop-*", pattern))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		files[i] = filepath.Base(f)
	}
	return files
}

func wantRun(t *testing.T, r result, code int, stdout, stderr string) {
	t.Helper()
	if r.code != code || !regexp.MustCompile(`^(?s:`+stdout+`)$`).MatchString(r.stdout) || !regexp.MustCompile(`^(?s:`+stderr+`)$`).MatchString(r.stderr) {
		t.Errorf("exit %d, want %d\nstdout %q\nwant   %q\nstderr %q\nwant   %q", r.code, code, r.stdout, stdout, r.stderr, stderr)
	}
}

func TestAccessReport(t *testing.T) {
	s := newShop(t)
	wantRun(t, s.run(t, nil, "", "php", "access-report.php"), 0, `96 requests from 10 addresses, 746,687 bytes\n\nby status\n.*`, ``)
	wantRun(t, s.run(t, nil, "", "php", "access-report.php", "/nonexistent"), 1, ``, `access-report: cannot read /nonexistent\n`)
	wantRun(t, s.run(t, nil, "", "php", "access-report.php", "data/pets.csv"), 0, `0 requests .*`, `access-report: 13 lines of data/pets.csv .*`)
}

func TestInventory(t *testing.T) {
	s := newShop(t)
	wantRun(t, s.run(t, nil, "", "php", "inventory.php"), 0, `available    8\npending      2\nsold         2\n`, ``)
	g := newGateway(t, nil)
	wantRun(t, s.run(t, g.env(), "", "php", "inventory.php"), 0, `available    8\npending      2\nsold         2\nok`, ``)
	p := g.only(t)
	if p.path != "POST /urhttp/"+requestID || p.header.Get("Content-Type") != "application/json" || p.body != `{"available":8,"pending":2,"sold":2}` {
		t.Errorf("posted %v", p)
	}
}

func TestFindPets(t *testing.T) {
	s := newShop(t)
	wantRun(t, s.run(t, nil, "", "php", "find-pets.php", `{"petId":7}`), 0, `\{"id":7,"name":"Luna".*\}\n`, ``)
	wantRun(t, s.run(t, nil, "", "php", "find-pets.php", `{"status":"pending"}`), 0, `\[\{"id":5,.*\},\{"id":10,.*\}\]\n`, ``)
	g := newGateway(t, nil)
	wantRun(t, s.run(t, g.env(), "", "php", "find-pets.php", `{"petId":99}`), 0, ``, ``)
	if p := g.only(t); p.header.Get("Urocket-Status") != "404" {
		t.Errorf("posted %v", p)
	}
}

func TestOrders(t *testing.T) {
	s := newShop(t)
	for _, id := range []string{"1", "2"} {
		g := newGateway(t, nil)
		wantRun(t, s.run(t, g.env(), `{"petId":7,"quantity":2}`, "php", "place-order.php"), 0, ``, ``)
		p := g.only(t)
		if p.header.Get("Urocket-Status") != "201" || p.header.Get("Urocket-Header") != "Location: /store/order/"+id {
			t.Errorf("posted %v", p)
		}
		wantRun(t, s.run(t, nil, "", "php", "get-order.php", id), 0, regexp.QuoteMeta(p.body)+`\n`, ``)
	}
	for payload, title := range map[string]string{`{"petId":99}`: "no such pet", `{"petId":2}`: "Tom is sold", `[]`: "no such pet"} {
		g := newGateway(t, nil)
		wantRun(t, s.run(t, g.env(), payload, "php", "place-order.php"), 0, ``, ``)
		if p := g.only(t); p.header.Get("Urocket-Status") != "422" || !strings.Contains(p.body, title) {
			t.Errorf("%s: posted %v", payload, p)
		}
	}
	wantRun(t, s.run(t, nil, "", "php", "get-order.php", "3"), 0, `\{"title":"no such order","status":404\}\n`, ``)
}

func TestMailQueue(t *testing.T) {
	s := newShop(t)
	const refused = `0003.txt: not an address: grace at example.org\n`
	wantRun(t, s.run(t, nil, "", "php", "mail-queue.php"), 0, `3 sent, 0 sent before, 1 refused\n`, refused)
	wantRun(t, s.run(t, nil, "", "php", "mail-queue.php", "data/queue"), 0, `0 sent, 3 sent before, 1 refused\n`, refused)
	if got := s.files(t, "outbox/*"); !slices.Equal(got, []string{"0001.txt", "0002.txt", "0004.txt"}) {
		t.Errorf("outbox: %q", got)
	}
}

func TestBackup(t *testing.T) {
	s := newShop(t)
	const said = `/.*/petshop-\w+\.tar\.gz: \d+ bytes\n`
	wantRun(t, s.run(t, nil, "", "./backup.sh"), 0, said, ``)
	first := s.files(t, "backup/*")
	folders, err := filepath.Glob(filepath.Join(s.tmp, "petshop-*", "backup"))
	if err != nil || len(first) != 1 || len(folders) != 1 {
		t.Fatalf("archives %q in %q: %v", first, folders, err)
	}
	for _, old := range []string{"20200101T000000Z", "20210101T000000Z", "20220101T000000Z", "20230101T000000Z"} {
		if err := os.WriteFile(filepath.Join(folders[0], "petshop-"+old+".tar.gz"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wantRun(t, s.run(t, nil, "", "./backup.sh"), 0, said, ``)
	if got := s.files(t, "backup/*"); len(got) != 3 || slices.Contains(got, "petshop-20210101T000000Z.tar.gz") {
		t.Errorf("archives: %q, want the last three", got)
	}
	g := newGateway(t, nil)
	wantRun(t, s.run(t, g.env(), "", "./backup.sh"), 0, `/.* bytes\nok`, ``)
	p := g.only(t)
	var answer struct {
		Archive string
		Bytes   int
	}
	if err := json.Unmarshal([]byte(p.body), &answer); err != nil || answer.Bytes < 500 || !slices.Contains(s.files(t, "backup/*"), answer.Archive) {
		t.Errorf("posted %v: %v", p, err)
	}
	if p.header.Get("Urocket-Status") != "201" || p.header.Get("Content-Type") != "application/json" {
		t.Errorf("posted %v", p)
	}
}

func TestExportPets(t *testing.T) {
	s := newShop(t)
	const head = `Content-Type: text/csv; charset=utf-8\nContent-Disposition: attachment; filename=pets.csv\n\nid,name,.*`
	wantRun(t, s.run(t, nil, "", "./export-pets.cgi"), 0, head+`\n12,Nemo,fish.*`, ``)
	wantRun(t, s.run(t, []string{"QUERY_STRING=category=bird"}, "", "./export-pets.cgi"), 0, head+`\n6,Coco,[^\n]*\n10,Pico,[^\n]*\n`, ``)
}

// The folder for what is written may be named, and one that somebody else owns is not written to.
func TestVarFolder(t *testing.T) {
	s := newShop(t)
	named := filepath.Join(s.tmp, "named")
	wantRun(t, s.run(t, []string{"PETSHOP_VAR=" + named}, "", "php", "mail-queue.php"), 0, `3 sent.*`, `.*`)
	wantRun(t, s.run(t, []string{"PETSHOP_VAR=" + named}, "", "./backup.sh"), 0, regexp.QuoteMeta(named)+`/backup/.*`, ``)
	if got := s.files(t, "*"); len(got) != 0 {
		t.Errorf("written beside it: %q", got)
	}
	link := filepath.Join(s.tmp, "link")
	if err := os.Symlink(named, link); err != nil {
		t.Fatal(err)
	}
	wantRun(t, s.run(t, []string{"PETSHOP_VAR=" + link}, "", "php", "mail-queue.php"), 255, ``, `(?s:.*belongs to somebody else.*)`)
	wantRun(t, s.run(t, []string{"PETSHOP_VAR=" + link}, "", "./backup.sh"), 1, ``, `backup: .* belongs to somebody else\n`)
}
