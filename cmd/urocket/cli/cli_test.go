package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// used is what a command has seen.
type used struct {
	args   []string
	file   string
	lines  []string
	follow bool
}

// twoCommands is a program whose second command notes how it was called.
func twoCommands(seen *used) *Program {
	do := &Command{Name: "do", Args: "ID [FILE]", Takes: [2]int{1, 2}, Summary: "do it", Text: "At once."}
	seen.file = "default"
	do.Flags.String(&seen.file, "c,config", "FILE", "the file")
	do.Flags.Switch(&seen.follow, "f,follow", "go on")
	do.Flags.Func(func(line string) error {
		if line == "bad" {
			return errors.New("bad is not good")
		}
		seen.lines = append(seen.lines, line)
		return nil
	}, "H,header", "LINE", "a line")
	do.Run = func(c *Call) int {
		seen.args = c.Args
		return 7
	}
	other := &Command{Name: "other", Summary: "something else", Run: func(c *Call) int {
		fmt.Fprint(c.Out, "other")
		return OK
	}}
	return &Program{Name: "prog", About: "prog is a program.", Default: "other", Commands: []*Command{other, do}}
}

func TestCommandLines(t *testing.T) {
	for _, c := range []struct {
		line string
		code int
		want used
		says string // on either output
	}{
		{"do x", 7, used{args: []string{"x"}, file: "default"}, ""},
		{"do -c f x", 7, used{args: []string{"x"}, file: "f"}, ""},
		{"do x -c f", 7, used{args: []string{"x"}, file: "f"}, ""},
		{"do x --config=f y -f", 7, used{args: []string{"x", "y"}, file: "f", follow: true}, ""},
		{"do -config f -follow=false x", 7, used{args: []string{"x"}, file: "f"}, ""},
		{"do -H a x --header -b -H=c", 7, used{args: []string{"x"}, file: "default", lines: []string{"a", "-b", "c"}}, ""},
		{"do - -- -c", 7, used{args: []string{"-", "-c"}, file: "default"}, ""},
		{"do -c -- x", 7, used{args: []string{"x"}, file: "--"}, ""},
		{"", OK, used{file: "default"}, "other"},
		{"do", Misused, used{file: "default"}, "ID is missing"},
		{"do x y z", Misused, used{file: "default"}, `unexpected argument "z"`},
		{"do x -c", Misused, used{file: "default"}, "-c wants a value: FILE"},
		{"do x -H bad", Misused, used{file: "default"}, "--header: bad is not good"},
		{"do x -f=maybe", Misused, used{file: "default"}, "--follow: is a switch"},
		{"do x --folow", Misused, used{file: "default"}, "did you mean --follow?"},
		{"do x -z", Misused, used{file: "default"}, "there is no flag -z\n"},
		{"--folow", Misused, used{file: "default"}, "there is no flag --folow\n"},
		{"od", Misused, used{file: "default"}, "did you mean do?"},
		{"do --help", OK, used{file: "default"}, "-c, --config FILE"},
		{"help do", OK, used{file: "default"}, "Do it.\n\nAt once.\n"},
		{"help", OK, used{file: "default"}, "prog do ID [FILE]"},
		{"-h", OK, used{file: "default"}, "prog [other]"},
		{"help do-it", Misused, used{file: "default"}, `no command "do-it"`},
	} {
		t.Run(c.line, func(t *testing.T) {
			var seen used
			var out strings.Builder
			code := twoCommands(&seen).Run(strings.Fields(c.line), strings.NewReader(""), &out, &out)
			if code != c.code || !strings.Contains(out.String(), c.says) {
				t.Errorf("code %d, printed %q; want %d, %q", code, out.String(), c.code, c.says)
			}
			w := c.want
			if !slices.Equal(seen.args, w.args) || seen.file != w.file || !slices.Equal(seen.lines, w.lines) || seen.follow != w.follow {
				if c.code == 7 {
					t.Errorf("%+v, want %+v", seen, w)
				}
			}
		})
	}
}
