package processctl

import (
	"errors"
	"strings"
	"testing"
)

// tryExec starts a real process with these arguments.
func tryExec(t *testing.T, c *Controller, argv []string) error {
	t.Helper()
	ended := make(chan Result, 1)
	p, err := c.Start(Spec{Path: "/bin/true", Argv: argv, Dir: "/", Events: Events{Ended: func(r Result) { ended <- r }}})
	if err != nil {
		return err
	}
	p.Release()
	if r := get(t, ended, "ended"); r.Exit != 0 || r.Signal != 0 {
		t.Errorf("true ended with %+v", r)
	}
	return nil
}

// TestCheckArgsKnowsTheKernel holds our arithmetic against real execs on both
// sides of each limit.
func TestCheckArgsKnowsTheKernel(t *testing.T) {
	controllers(t, func(t *testing.T, c *Controller) {
		piece := strings.Repeat("x", 100_000)
		fill := func(slack int) []string {
			argv := []string{"true"}
			for CheckArgs("/bin/true", append(argv, piece), nil) == nil {
				argv = append(argv, piece)
			}
			rest := piece
			for CheckArgs("/bin/true", append(argv, rest), nil) != nil {
				rest = rest[1:]
			}
			return append(argv, rest+strings.Repeat("y", slack))
		}
		for name, argv := range map[string][]string{
			"longest argument":   {"true", strings.Repeat("x", MaxArg)},
			"longer argument":    {"true", strings.Repeat("x", MaxArg+1)},
			"largest sum":        fill(0),
			"larger sum":         fill(4096), // the kernel counts whole pages of its own too
			"as many as can be":  append([]string{"true"}, make([]string, 10_000)...),
			"nothing to be said": {"true"},
		} {
			expected := CheckArgs("/bin/true", argv, nil)
			err := tryExec(t, c, argv)
			if (expected == nil) != (err == nil) {
				t.Errorf("%s: CheckArgs says %v, the kernel says %v", name, expected, err)
			}
			if err != nil && !errors.Is(err, ErrTooLong) {
				t.Errorf("%s: start says %v, which is not ErrTooLong", name, err)
			}
		}
	})
}

func TestCheckArgsRefusesNUL(t *testing.T) {
	if err := CheckArgs("/bin/true", []string{"true", "a\x00b"}, nil); !errors.Is(err, ErrNUL) {
		t.Errorf("argument: %v", err)
	}
	if err := CheckArgs("/bin/true", []string{"true"}, []string{"A=\x00"}); !errors.Is(err, ErrNUL) {
		t.Errorf("variable: %v", err)
	}
}
