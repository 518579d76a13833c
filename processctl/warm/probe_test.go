package warm

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestProbe(t *testing.T) {
	k := newKitchen(t)
	write(t, k.path("a.php"), "")
	for options, want := range map[string]string{
		"":                                "",
		"-n":                              "fork: its extension FFI",
		"-d ffi.enable=0":                 "fork: its extension FFI",
		"-d ffi.enable=preload":           "",
		"-d open_basedir=/srv":            "open_basedir",
		"-d session.auto_start=1":         "session.auto_start is on",
		"-d disable_functions=putenv":     "waits: functions of PHP are disabled: putenv",
		"-d disable_functions=chdir,exec": "functions of PHP are disabled: chdir",
		"-d disable_functions=readlink":   "fork: functions of PHP are disabled: readlink",
		"-d disable_classes=FFI":          "fork: its extension FFI",
		"-d zend.assertions=1":            "",
	} {
		p := k.program()
		p.Options = strings.Fields(options)
		err := p.Probe(func(argv []string) (string, error) { return k.run(argv, nil) })
		got := ""
		switch {
		case err != nil:
			got = err.Error()
		case p.Forks() != nil:
			got = "fork: " + p.Forks().Error()
		case p.Waits() != nil:
			got = "waits: " + p.Waits().Error()
		case !p.Fresh():
			got = "not fresh"
		}
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %s", options, got)
		}
	}
}

// What PHP says of itself is read whatever else it prints.
func TestJudge(t *testing.T) {
	fields := []string{"", "cli", "8.2", "0", "1", "1", "", "Core FFI", "", "own.php", "0", "1", "", "", "1", "0", "", "", "", "", "", "\n"}
	for _, c := range []struct {
		field int
		value string
		want  string
	}{
		{1, "cli", ""},
		{1, "cgi-fcgi", "cgi-fcgi"},
		{3, "1", "fork: it is built with threads"},
		{5, "2", "fork: it has more than one thread"},
		{7, "Core gRPC", "fork: its extension grpc"},
	} {
		f := append([]string(nil), fields...)
		f[c.field] = c.value
		p := Program{PHP: "/usr/bin/php"}
		err := p.Probe(func([]string) (string, error) { return "PHP Warning: odd\n\x00urocket" + strings.Join(f, "\x00"), nil })
		got := ""
		if err != nil {
			got = err.Error()
		} else if p.Forks() != nil {
			got = "fork: " + p.Forks().Error()
		}
		if !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%d %s: %s", c.field, c.value, got)
		}
		if err == nil && (p.facts.prepend != "own.php" || !p.facts.eager || !p.facts.opcache) {
			t.Errorf("%+v", p.facts)
		}
	}
	p := Program{PHP: "/usr/bin/php"}
	for _, out := range []string{"", "hello", "\x00urocket\x00cli\x00"} {
		if err := p.Probe(func([]string) (string, error) { return out, nil }); err == nil {
			t.Errorf("%q was believed", out)
		}
	}
}

// A folder in which PHP looks for ini files may be one in which others work; only ini
// files in it count.
func TestBusyFolder(t *testing.T) {
	k := newKitchen(t)
	write(t, k.path("a.php"), "")
	p := k.program()
	p.Env = append(p.Env, "PHP_INI_SCAN_DIR="+k.dir)
	run := func(argv []string) (string, error) {
		write(t, k.path(fmt.Sprint("log", time.Now().UnixNano())), "")
		cmd := exec.Command("/usr/bin/php", argv[1:]...)
		cmd.Env = p.Env
		out, err := cmd.Output()
		return string(out), err
	}
	must(t, p.Probe(run))
	write(t, k.path("log"), "")
	if !p.Fresh() {
		t.Error("a file that is none of PHP's counts")
	}
	write(t, k.path("x.ini"), "")
	if p.Fresh() {
		t.Error("an ini file does not count")
	}
	must(t, p.Probe(run))
	write(t, k.path("log2"), "")
	if !p.Fresh() {
		t.Error("a file beside an ini file counts")
	}
	must(t, os.Remove(k.path("x.ini")))
	if p.Fresh() {
		t.Error("an ini file that has gone does not count")
	}
}
