package e2e

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// outcome is what a run of the program on the command line came to.
type outcome struct {
	code   int
	stdout string
	stderr string
}

// cli runs the program to its end. A program that serves instead is stopped,
// and a failure.
func (g *gateway) cli(t *testing.T, args ...string) outcome {
	t.Helper()
	return g.cliIn(t, "", args...)
}

// cliIn is cli with something on its standard input.
func (g *gateway) cliIn(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = g.dir, g.environment(), strings.NewReader(stdin)
	return ended(t, cmd)
}

// ended runs a program to its end, after which the race detector would sleep a second.
func ended(t *testing.T, cmd *exec.Cmd) outcome {
	t.Helper()
	cmd.Env = append(cmd.Environ(), "GORACE=atexit_sleep_ms=0")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	check(t, cmd.Start())
	hung := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer hung.Stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// text is everything that was printed.
func (o outcome) text() string { return o.stdout + o.stderr }

// want demands an exit code and words in what was printed.
func (o outcome) want(t *testing.T, code int, words ...string) outcome {
	t.Helper()
	if o.code != code {
		t.Fatalf("exit code %d, want %d; printed:\n%s", o.code, code, tail(o.text(), 2000))
	}
	for _, w := range words {
		if !strings.Contains(o.text(), w) {
			t.Errorf("printed text lacks %q:\n%s", w, tail(o.text(), 2000))
		}
	}
	return o
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{ops: ops{"get /pets/{petId}": {"cmd": "/bin/echo {{path.petId}}", "reply": "stdout", "timeout": 1500}}})
	file := g.path("urocket-service.yaml")

	t.Run("parse prints every default", func(t *testing.T) {
		o := g.cli(t, "parse", "-c", file)
		o.want(t, 0, "/pets/{petId}", "maxbody", "queuewait", "drain", "socketmode", "onexit", "grace", "statswait", "ondisconnect", "replyfrom", "tmpdir")
		if strings.TrimSpace(o.stdout) == "" {
			t.Error("parse prints to stderr, not to stdout")
		}
	})
	t.Run("what parse prints is a configuration", func(t *testing.T) {
		printed := g.cli(t, "parse", "-c", file).want(t, 0).stdout
		g.write("again.yaml", printed, 0o644)
		again := g.cli(t, "parse", "-c", g.path("again.yaml")).want(t, 0).stdout
		if again != printed {
			t.Errorf("parse of its own output differs:\n%s\nfrom\n%s", again, printed)
		}
	})
	t.Run("dry prints the routes and runs nothing", func(t *testing.T) {
		o := g.cli(t, "dry", "-c", file).want(t, 0, "/pets/{petId}")
		if !strings.Contains(strings.ToLower(o.text()), "get") {
			t.Errorf("no verb beside the route: %s", o.text())
		}
		if exists(g.sock) {
			t.Error("dry made the socket")
		}
	})
	t.Run("version", func(t *testing.T) {
		if strings.TrimSpace(g.cli(t, "version").want(t, 0).stdout) == "" {
			t.Error("version prints nothing")
		}
	})
	t.Run("dry notes parameters that go nowhere", func(t *testing.T) {
		g.writeConfig(setup{ops: ops{
			"get /lost":   {"cmd": "/bin/true"},
			"get /passed": {"cmd": "/bin/true", "channel": "stdin"},
		}})
		if o := g.cli(t, "dry", "-c", file).want(t, 0); strings.Count(o.stdout, "payload is not passed") != 1 {
			t.Errorf("want one note of a payload that is not passed: %s", o.text())
		}
	})
	t.Run("dry warns of a payload that goes nowhere", func(t *testing.T) {
		g.writeConfig(setup{ops: ops{"post /lost": {"cmd": "/bin/true"}}})
		o := g.cli(t, "dry", "-c", file).want(t, 0)
		if !strings.Contains(o.text(), "payload") {
			t.Errorf("no word of the payload that is not passed: %s", o.text())
		}
	})
	t.Run("dry warns of a path that the document lacks", func(t *testing.T) {
		g.cli(t, "dry", "-c", file).want(t, 0, "/lost", "document")
	})
	for _, bad := range [][]string{
		{"run", "-c", g.path("absent.yaml")},
		{"launch", "-c", file},
		{"prase", "-c", file},
		{"dry", "--no-such-flag", "-c", file},
		{"dry", "-c", file, "superfluous"},
		{"run", "-c", file, "--log-format", "xml"},
		{"run", "-c", file, "--log-level", "shout"},
	} {
		t.Run("usage 2: "+strings.ReplaceAll(strings.Join(bad, " "), g.dir, ""), func(t *testing.T) {
			if o := g.cli(t, bad...).want(t, 2); strings.TrimSpace(o.stderr) == "" {
				t.Error("nothing says what is wrong")
			}
		})
	}
}

// Whoever mistypes is told what was meant; help is on standard output.
func TestHelp(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{})
	for _, c := range []struct {
		args  []string
		code  int
		words []string
	}{
		{[]string{"prase"}, 2, []string{"did you mean parse?"}},
		{[]string{"launch"}, 2, []string{`no command "launch"`, "run, dry, parse"}},
		{[]string{"help", "rpely"}, 2, []string{"did you mean reply?"}},
		{[]string{"dry", "--confgi", "x"}, 2, []string{"--confgi", "did you mean --config?", "usage: urocket dry"}},
		{[]string{"dry", "-c"}, 2, []string{"-c wants a value: FILE"}},
		{[]string{"reply", "--status"}, 2, []string{"--status wants a value"}},
		{[]string{"help"}, 0, []string{"urocket [run]", "urocket reply [FILE|-]"}},
		{[]string{"--help"}, 0, []string{"urocket [run]"}},
		{[]string{"help", "reply"}, 0, []string{"usage: urocket reply", "--status CODE", "Exit codes"}},
		{[]string{"reply", "x", "--help"}, 0, []string{"usage: urocket reply"}},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			o := g.cli(t, c.args...).want(t, c.code, c.words...)
			if c.code == 0 && (o.stdout == "" || o.stderr != "") || c.code != 0 && o.stdout != "" {
				t.Errorf("stdout %q, stderr %q", o.stdout, o.stderr)
			}
		})
	}
}

// Without a subcommand the program serves.
func TestRunIsTheDefault(t *testing.T) {
	t.Parallel()
	g := prepare(t, setup{ops: ops{"get /hi": {"cmd": "/bin/echo hi", "reply": "stdout"}}})
	g.launchArgs(setup{}, "-c", g.path("urocket-service.yaml"))
	g.waitUp()
	g.get(t, "/hi").want(t, 200, "hi\n")
}
