package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// good is a sound file; tests edit it. DIR is the folder that it lies in.
const good = `servicename: shop
listen: 127.0.0.1:8080
socketpath: DIR/u.sock
openapi: api.json
running: 8
paths:
  /pets/{petId}:
    get:
      validatein: true
      reply: stdout
      running: 2
      inject:
        wd: .
        env: ["A=1"]
        cmd: ["/bin/echo", "{{path.petId}}"]
        channel: stdin
        encoding: raw
        timeout: 1000
`

// folder is a fresh folder with what `good` names.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"api.json", "page.php"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// write puts a text into a file of a fresh folder.
func write(t testing.TB, text string) string {
	t.Helper()
	dir := folder(t)
	file := filepath.Join(dir, "svc.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// mustLoad loads a text that has no fault.
func mustLoad(t testing.TB, text string) *Service {
	t.Helper()
	s, err := Load(write(t, text))
	if err != nil {
		t.Fatalf("refused:\n%v\n%s", err, text)
	}
	wantFitsSchema(t, text)
	return s
}

// faultsOf loads a text that has faults.
func faultsOf(t testing.TB, text string) Faults {
	t.Helper()
	s, err := Load(write(t, text))
	faults, ok := err.(Faults)
	if !ok || len(faults) == 0 {
		t.Fatalf("want faults, got %v, %v\n%s", s, err, text)
	}
	return faults
}

// edit replaces once what must be there.
func edit(t testing.TB, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the edit %q does not apply", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

func TestEveryDefault(t *testing.T) {
	s := mustLoad(t, `servicename: shop
socketpath: u.sock
openapi: api.json
paths: {/a: {post: {inject: {cmd: "/bin/cat {{jsonpayload}}"}}}}
`)
	dir := filepath.Dir(s.File)
	want := Service{
		File: s.File, Name: "shop", Listen: ":8080", SocketPath: filepath.Join(dir, "u.sock"), SocketMode: 0o660,
		OpenAPI: filepath.Join(dir, "api.json"), MaxBody: 10 << 20, Running: 64, Queued: 256,
		QueueWait: 10 * time.Second, Drain: 25 * time.Second, Cgroup: CgroupAuto,
	}
	want.Operations = []*Operation{{
		Path: "/a", Method: "POST", ValidateIn: true, Reply: ReplySocket, OnExit: ExitFail, ReplyFrom: FromAnyone,
		OnDisconnect: DisconnectContinue, StatsWait: 50 * time.Millisecond, Dir: dir, Channel: ChannelCmdline,
		Encoding: EncodingJSON, Timeout: time.Second, Grace: 2 * time.Second, TmpDir: TmpInherit, Options: OptionsRefuse,
		Driver: DriverSpawn, Limits: Limits{Mode: LimitEnforce}, line: "/bin/cat {{jsonpayload}}",
	}}
	if diff := differ(&want, s); diff != "" {
		t.Error(diff)
	}
	if argv := s.Operations[0].Command.Argv(); !slices.Equal(argv, []string{"/bin/cat", "{{jsonpayload}}"}) {
		t.Errorf("argv %q", argv)
	}
	if len(s.Warnings()) > 0 {
		t.Errorf("warnings of a sound file: %v", s.Warnings())
	}
}

func TestEveryKeyIsRead(t *testing.T) {
	s := mustLoad(t, `servicename: shop
listen: "[::1]:0"
socketpath: DIR/u.sock
socketmode: "0600"
socketgroup: 0
openapi: DIR/api.json
basepath: /v1/
admin: localhost:9090
security: upstream
maxbody: 64KiB
running: 3
queued: 0
queuewait: 1500
drain: 1m
cgroup: {mode: required, parent: /sys/fs/cgroup/x}
paths:
  /a/{b}:
    delete:
      validate-in: false
      validate-out: true
      reply: cgi
      replyfrom: anyone
      log-stdout: true
      stats: true
      statswait: 0
      ondisconnect: kill
      running: 1
      queued: 16
      inject:
        wd: /
        env: ["B={{path.b}}"]
        passenv: [HOME, "APP_*"]
        cmd: [/bin/cat]
        channel: stdin
        encoding: raw
        timeout: none
        grace: 0
        tmpdir: own
        script: DIR/page.php
        options: allow
        driver: spawn
      limits: {core: 0, mode: besteffort}
`)
	dir := filepath.Dir(s.File)
	gid, base, one, sixteen := 0, "/v1", 1, 16
	want := Service{
		File: s.File, Name: "shop", Listen: "[::1]:0", Admin: "localhost:9090", SocketPath: filepath.Join(dir, "u.sock"),
		SocketMode: 0o600, SocketGroup: &gid, OpenAPI: filepath.Join(dir, "api.json"), BasePath: &base,
		Security: SecurityUpstream, MaxBody: 64 << 10, Running: 3, QueueWait: 1500 * time.Millisecond, Drain: time.Minute,
		Cgroup: CgroupRequired, CgroupParent: "/sys/fs/cgroup/x",
	}
	want.Operations = []*Operation{{
		Path: "/a/{b}", Method: "DELETE", ValidateOut: true, Reply: ReplyCGI, OnExit: ExitFail, ReplyFrom: FromAnyone,
		OnDisconnect: DisconnectKill, LogStdout: true, Stats: true, Running: &one, Queued: &sixteen, Dir: "/",
		Env: []string{"B={{path.b}}"}, PassEnv: []string{"HOME", "APP_*"}, Channel: ChannelStdin, Encoding: EncodingRaw,
		TmpDir: TmpOwn, Script: filepath.Join(dir, "page.php"), Options: OptionsAllow, Driver: DriverSpawn,
		Limits: Limits{Mode: LimitBestEffort}, args: []string{"/bin/cat"},
	}}
	if diff := differ(&want, s); diff != "" {
		t.Error(diff)
	}
}

// differ compares what two files mean: not where it stands, and a command by
// the words that the file has for it.
func differ(want, got *Service) string {
	w, g := meaning(want), meaning(got)
	if w == g {
		return ""
	}
	return "want " + w + "\ngot " + g
}

func meaning(s *Service) string {
	plain := *s
	plain.File, plain.Operations = "", nil
	for _, o := range s.Operations {
		operation := *o
		operation.Command = nil
		plain.Operations = append(plain.Operations, &operation)
	}
	text, err := json.MarshalIndent(plain, "", " ")
	if err != nil {
		panic(err)
	}
	for _, o := range s.Operations {
		text = fmt.Appendf(text, "\n%q %q", o.line, o.args)
	}
	return string(text)
}
