package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/display"
)

// original is the example file of the first urocket, its wd changed.
const original = `servicename: mynastyport
port: 8080
socketpath: /tmp/urocket.sock

openapi: api.json

paths:
  /get/pets:
    post:
      validatein: false
      inject:
        wd: DIR
        env:
          - MYENV=CI
        cmd: !ToSplit "/usr/bin/echo {{jsonpayload}}"
        channel: "cmdline"
        timeout: 300
        encoding: json
      logstdout: true
      validateout: false
  /get/cats:
    post:
      validatein: false
      inject:
        wd: DIR
        env:
          - MYENV=CI
        cmd: !Splitted ["/bin/sh","-c", "echo {{jsonpayload}} $REQUEST_ID"]
        channel: "cmdline"
        encoding: json
      logstdout: true
      validateout: false
#    post:
#      inject:
#        wd: /home/someone
`

func TestTheOriginalsFileLoads(t *testing.T) {
	s := mustLoad(t, original)
	if s.Listen != ":8080" || s.SocketPath != "/tmp/urocket.sock" || len(s.Operations) != 2 || len(s.Warnings()) != 0 {
		t.Errorf("%+v, warnings %v", s, s.Warnings())
	}
	pets, cats := s.Operations[0], s.Operations[1]
	if pets.Timeout != 300*time.Millisecond || cats.Timeout != time.Second || pets.OnExit != ExitFail {
		t.Errorf("timeouts %v and %v, onexit %v", pets.Timeout, cats.Timeout, pets.OnExit)
	}
	if want := []string{"/usr/bin/echo", "{{jsonpayload}}"}; !slices.Equal(pets.Command.Argv(), want) {
		t.Errorf("argv %q, want %q", pets.Command.Argv(), want)
	}
	if want := []string{"/bin/sh", "-c", "echo {{jsonpayload}} $REQUEST_ID"}; !slices.Equal(cats.Command.Argv(), want) {
		t.Errorf("argv %q, want %q", cats.Command.Argv(), want)
	}
}

func TestCommandsInEveryForm(t *testing.T) {
	for _, cmd := range []string{
		`!ToSplit "/bin/echo a b"`, `!Splitted ["/bin/echo", "a", b]`, `/bin/echo a b`, `["/bin/echo", 'a', "b"]`, "!ToSplit /bin/echo a b",
		"\n          - /bin/echo\n          - a\n          - b", "|\n          /bin/echo a b", "!!str /bin/echo a b",
	} {
		s := mustLoad(t, edit(t, good, theCmd, "cmd: "+cmd))
		if want := []string{"/bin/echo", "a", "b"}; !slices.Equal(s.Operations[0].Command.Argv(), want) {
			t.Errorf("cmd: %s: argv %q, want %q", cmd, s.Operations[0].Command.Argv(), want)
		}
	}
	s := mustLoad(t, edit(t, good, theCmd, "cmd: [/bin/sleep, 5, 1.50, true, 0x10]"))
	if want := []string{"/bin/sleep", "5", "1.50", "true", "0x10"}; !slices.Equal(s.Operations[0].args, want) {
		t.Errorf("arguments are not taken as written: %q", s.Operations[0].args)
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"250": 250 * time.Millisecond, "0.5": 500 * time.Microsecond, "1s": time.Second, "5m": 5 * time.Minute, "1h": time.Hour,
		"250ms": 250 * time.Millisecond, "1h30m": 90 * time.Minute, `"2s"`: 2 * time.Second, `"2"`: 2 * time.Millisecond, "none": 0,
	} {
		s := mustLoad(t, edit(t, good, "timeout: 1000", "timeout: "+text))
		if got := s.Operations[0].Timeout; got != want {
			t.Errorf("timeout: %s is %v, want %v", text, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 5 * time.Minute: "5m", time.Hour: "1h", 90 * time.Second: "1m30s", 1500 * time.Millisecond: "1.5s",
		10 * time.Second: "10s", 10 * time.Minute: "10m", 20 * time.Hour: "20h", time.Hour + time.Second: "1h0m1s",
	} {
		if got := display.Duration(d); got != want {
			t.Errorf("%v is written %s, want %s", d, got, want)
		}
		if back, ok := parseDuration(display.Duration(d)); !ok || back != d {
			t.Errorf("%v is written %s, which reads %v, %v", d, display.Duration(d), back, ok)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"10MiB": 10 << 20, "64KiB": 64 << 10, "1GiB": 1 << 30, "2TiB": 2 << 40, "1kB": 1000, "1KB": 1000, "3MB": 3e6, "4GB": 4e9, "5TB": 5e12,
		"17": 17, "17B": 17, `"17"`: 17,
	} {
		s := mustLoad(t, edit(t, good, topLine, "maxbody: "+text+"\n"))
		if s.MaxBody != want {
			t.Errorf("maxbody: %s is %d, want %d", text, s.MaxBody, want)
		}
		if back, ok := parseSize(formatSize(want)); !ok || back != want {
			t.Errorf("%d is written %s, which reads %d, %v", want, formatSize(want), back, ok)
		}
	}
}

func TestModes(t *testing.T) {
	for _, text := range []string{`"0640"`, `'0640'`, `"640"`, "0640", "0o640"} {
		if s := mustLoad(t, edit(t, good, topLine, "socketmode: "+text+"\n")); s.SocketMode != 0o640 {
			t.Errorf("socketmode: %s is %v", text, s.SocketMode)
		}
	}
}

func TestDefaultsLieUnderAnOperation(t *testing.T) {
	s := mustLoad(t, `servicename: shop
socketpath: u.sock
openapi: api.json
defaults: {timeout: 5s, reply: stdout, contenttype: text/csv, script: no/such.php, running: 3, log-stdout: true, onexit: wait,
  channel: cmdline, encoding: json, env: ["A=1"], core: 0, cmd: "/bin/true"}
paths:
  /a:
    get: {}
    put: {logstdout: false, inject: {timeout: 1s, env: [], channel: stdin}}
  /b:
    get: {reply: cgi, inject: {script: page.php}}
    put: {reply: socket}
`)
	a, b, cgi, socket := s.Operations[0], s.Operations[1], s.Operations[2], s.Operations[3]
	if a.Timeout != 5*time.Second || a.Reply != ReplyStdout || a.ContentType != "text/csv" || *a.Running != 3 || !a.LogStdout {
		t.Errorf("defaults do not hold: %+v", a)
	}
	if b.Timeout != time.Second || b.LogStdout || len(b.Env) != 0 || b.Channel != ChannelStdin {
		t.Errorf("an operation's own value does not win: %+v", b)
	}
	if a.Script != "" || a.OnExit != ExitFail || cgi.ContentType != "" || cgi.Channel != ChannelStdin || cgi.Encoding != EncodingRaw {
		t.Errorf("a default stays where it does not apply: %+v\n%+v", a, cgi)
	}
	if socket.OnExit != ExitWait || filepath.Base(cgi.Script) != "page.php" {
		t.Errorf("a default is lost where it applies: %+v\n%+v", socket, cgi)
	}
}

func TestAnchorsAndMerges(t *testing.T) {
	s := mustLoad(t, `servicename: shop
socketpath: u.sock
openapi: api.json
defaults: &d {timeout: 5s}
paths:
  /a:
    get: &get
      validatein: false
      reply: report
      inject: &how {cmd: &cmd [/bin/cat], <<: *d, channel: stdin}
    put: *get
    post: {<<: *get, validate-in: true, inject: {<<: [*how, {grace: 7s, timeout: 9s}], tmpdir: own}}
  /b: {get: {inject: {cmd: *cmd}}}
`)
	get, put, post, b := s.Operations[0], s.Operations[1], s.Operations[2], s.Operations[3]
	if put.Reply != ReplyReport || put.ValidateIn || put.Timeout != get.Timeout || put.Channel != ChannelStdin {
		t.Errorf("the alias of an operation: %+v", put)
	}
	if !post.ValidateIn || post.Reply != ReplyReport || post.Grace != 7*time.Second || post.Timeout != 5*time.Second || post.TmpDir != TmpOwn {
		t.Errorf("the merged operation: %+v", post)
	}
	if want := []string{"/bin/cat"}; !slices.Equal(b.args, want) {
		t.Errorf("the alias of a list: %q", b.args)
	}
}

func TestLaughsAreRefused(t *testing.T) {
	var text strings.Builder
	text.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 30 {
		fmt.Fprintf(&text, "a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 10))
	}
	faults := faultsOf(t, text.String())
	if !slices.ContainsFunc(faults, func(f Fault) bool { return strings.Contains(f.Message, "aliases of this file stand for more than") }) {
		t.Errorf("a billion laughs pass: %v", faults)
	}
	if len(faults) > 60 {
		t.Errorf("%d faults of one cause", len(faults))
	}
}

func TestSyntaxIsReportedWhereItBreaks(t *testing.T) {
	for _, c := range []struct{ name, text, word string }{
		{"open bracket", edit(t, good, "reply: stdout", "reply: [stdout #@"), "expected"},
		{"open quote", edit(t, good, "reply: stdout", `reply: "stdout #@`), ""},
		{"tab", edit(t, good, "        wd: .", "\t\twd: . #@"), "tab"},
		{"tab after blanks", edit(t, good, "        wd: .", "      \twd: . #@"), "tab"},
		{"tab at the very top", "\tservicename: x #@\n", "tab"},
		{"too little indentation", edit(t, good, "        encoding: raw", "       encoding: raw #@"), "indentation"},
		{"too much indentation", edit(t, good, "        encoding: raw", "          encoding: raw #@"), "indentation"},
		{"two colons", edit(t, good, "wd: .", "wd: a: b #@"), "quote"},
		{"at sign", edit(t, good, "wd: .", "wd: @x #@"), "quote"},
		{"unquoted placeholder with more behind it", edit(t, good, theCmd, "cmd: {{path.petId}} x #@"), "quoted"},
		{"unknown anchor", edit(t, good, "wd: .", "wd: *nowhere #@"), "nowhere"},
		{"control character", edit(t, good, "wd: .", "wd: \x01 #@"), "control characters"},
		{"no UTF-8", edit(t, good, "wd: .", "wd: \xff #@"), "UTF-8"},
		{"behind a long string", edit(t, good, "reply: stdout", "contenttype: \"text/\n        x\n        y\n        z\"\n      reply: [stdout #@"), "expected"},
		{"a second document in pieces", edit(t, good, "        timeout: 1000\n", "        timeout: 1000\n...\nfoo: 1 #@\n"), "second YAML document"},
		{"list among keys", edit(t, good, topLine, "- a #@\n"), "expected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, _, _ := strings.Cut(c.text, "#@")
			wantFault(t, c.text, strings.Count(before, "\n")+1, []string{"not valid YAML", c.word})
		})
	}
}

func TestNothingToRead(t *testing.T) {
	for text, word := range map[string]string{
		"": "empty", "# nothing\n": "empty", "---\n": "found nothing", "- a\n": "found a list", "hello\n": `found "hello"`, "{{a}}\n": "found braces",
	} {
		wantFault(t, text, 1, []string{word})
	}
	for _, file := range []string{filepath.Join(t.TempDir(), "absent.yaml"), t.TempDir()} {
		s, err := Load(file)
		if s != nil || err == nil || !strings.HasPrefix(err.Error(), file+": cannot read") {
			t.Errorf("Load(%s) = %v, %v", file, s, err)
		}
	}
}

func TestAllFaultsAtOnceAndInOrder(t *testing.T) {
	faults := faultsOf(t, edit(
		t, good, topLine, "runing: 8\n", "reply: stdout", "reply: pigeon", "      running: 2", "      onexitt: fail",
		"timeout: 1000", "timeout: 0", "openapi: api.json", "openapi: nowhere.json", "wd: .", "wd: gone", theEnv, `env: ["X"]`,
	))
	var lines []int
	for _, f := range faults {
		lines = append(lines, f.Line)
	}
	if want := []int{4, 5, 10, 11, 13, 14, 18}; !slices.Equal(lines, want) {
		t.Errorf("lines %v, want %v\n%v", lines, want, faults)
	}
	for i, line := range strings.Split(faults.Error(), "\n") {
		if !strings.HasPrefix(line, fmt.Sprintf("%s:%d: ", faults[i].File, lines[i])) {
			t.Errorf("line %d of the text is %q", i, line)
		}
	}
}

func TestABadDefaultIsReportedOnce(t *testing.T) {
	faults := faultsOf(t, edit(t, good, topLine, "defaults: {grace: x, nofile: y}\n", "  /pets/{petId}:", "  /x: {get: {inject: {cmd: /bin/true}}}\n  /pets/{petId}:"))
	if len(faults) != 2 {
		t.Errorf("want 2 faults, got\n%v", faults)
	}
}

func TestFileIsNamedAsGiven(t *testing.T) {
	file := write(t, "nonsense: 1\n")
	t.Chdir(filepath.Dir(file))
	_, err := Load("svc.yaml")
	if err == nil || !strings.HasPrefix(err.Error(), "svc.yaml:1: ") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(good, "DIR/", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Load("svc.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(s.OpenAPI) || !filepath.IsAbs(s.Operations[0].Dir) {
		t.Errorf("relative paths are left: %s, %s", s.OpenAPI, s.Operations[0].Dir)
	}
}
