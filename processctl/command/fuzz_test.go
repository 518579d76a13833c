package command

import (
	"slices"
	"strings"
	"testing"
)

// FuzzCompile reads any command line: it never panics, reports what is wrong,
// and what it accepts it can write back, fill, and parse again.
func FuzzCompile(f *testing.F) {
	for _, c := range refused {
		f.Add(strings.Join(c.words, "\x1f"), "A={{path.x}}", false)
	}
	for _, words := range accepted {
		f.Add(strings.Join(words, "\x1f"), "A={{query.x}}", true)
	}
	f.Add("sh -c 'echo {{path.x}}'", "PATH=/bin", false)
	f.Fuzz(func(t *testing.T, line, env string, allow bool) {
		in := base()
		in.PathNames, in.Env, in.AllowOptions = []string{"x", "y", "n"}, []string{env}, allow
		if in.Line = line; strings.Contains(line, "\x1f") {
			in.Words = strings.Split(line, "\x1f")
		}
		c, faults := Compile(in)
		if (c == nil) != (len(faults) > 0) {
			t.Fatalf("command %v with faults %v", c, faults)
		}
		for _, f := range faults {
			if f.Message == "" || f.Index < -1 || f.Key != "cmd" && f.Key != "env" {
				t.Errorf("fault %+v", f)
			}
		}
		if c != nil {
			checkCompiled(t, in, c)
		}
	})
}

func checkCompiled(t *testing.T, in Input, c *Command) {
	if in.Words != nil && !slices.Equal(c.Argv(), in.Words) {
		t.Errorf("Argv is %q, written was %q", c.Argv(), in.Words)
	}
	for i, w := range c.argv {
		text, whole := w.literal()
		if !whole || !c.words[i].holds() {
			continue
		}
		// A word that had holes and has none is a script.
		readable := false
		for _, sh := range []string{"sh", "bash", "ksh", "zsh"} {
			s := shellNamed(sh, sh)
			_, err := parse(text, s.must[0])
			readable = readable || err == nil
		}
		if !readable || !strings.Contains(text, "UROCKET_V") {
			t.Errorf("script %q became %q", c.words[i].written(), text)
		}
	}
	if _, _, err := c.Expand(values{"x": "a", "y": "b", "n": "c"}); err != nil {
		t.Errorf("expand %q: %v", c.Argv(), err)
	}
}

// FuzzExpand fills one command with any values: scripts do not change, every
// value arrives whole, and only in the places where it is written.
func FuzzExpand(f *testing.F) {
	for i, value := range hostile {
		f.Add(value, hostile[len(hostile)-1-i])
	}
	in := Input{
		Words:     []string{"env", "sh", "-c", `printf %s "a{{path.x}}" 'b{{path.y}}' -- {{path.x}}`, "sh", "c{{path.x}}{{path.y}}", "--", "{{path.y}}"},
		Env:       []string{"A={{path.x}}", "B={{path.y}}{{path.x}}"},
		PathNames: []string{"x", "y"}, Dir: "/", SearchPath: searchPath,
	}
	const script = `printf %s "a${UROCKET_V1}" 'b'"$UROCKET_V2"'' -- "$UROCKET_V1"`
	f.Fuzz(func(t *testing.T, x, y string) {
		in.SearchPath = searchPath
		argv, env, err := mustCompile(t, in).Expand(values{"x": x, "y": y})
		if strings.Contains(x+y, "\x00") {
			if err == nil {
				t.Error("a NUL is taken")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"env", "sh", "-c", script, "sh", "c" + x + y, "--", y}; !slices.Equal(argv, want) {
			t.Errorf("argv is %q, want %q", argv, want)
		}
		if want := []string{"A=" + x, "B=" + y + x, "UROCKET_V1=" + x, "UROCKET_V2=" + y}; !slices.Equal(env, want) {
			t.Errorf("env is %q, want %q", env, want)
		}
	})
}
