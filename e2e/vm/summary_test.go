package vm

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// kernelLine begins the line in which the machine names its kernel.
const kernelLine = "kernel: "

// counter passes on what the machine prints and counts the tests in it. One
// inside another is not counted.
type counter struct {
	out     io.Writer
	line    []byte // the last one, not complete yet
	results map[string]int
	kernel  string // "Linux 6.1.0 …"
}

func (c *counter) Write(b []byte) (int, error) {
	for _, part := range bytes.SplitAfter(b, []byte("\n")) {
		c.line = append(c.line, part...)
		if bytes.HasSuffix(c.line, []byte("\n")) {
			c.read(strings.TrimSpace(string(c.line[:len(c.line)-1])), c.line[0] == ' ')
			c.line = c.line[:0]
		}
	}
	return c.out.Write(b)
}

func (c *counter) read(line string, inner bool) {
	if kernel, ok := strings.CutPrefix(line, kernelLine); ok {
		c.kernel = kernel
	}
	for _, result := range []string{"PASS", "FAIL", "SKIP"} {
		if strings.HasPrefix(line, "--- "+result+": ") && !inner {
			if c.results == nil {
				c.results = map[string]int{}
			}
			c.results[result]++
		}
	}
}

func (c *counter) String() string {
	text := fmt.Sprintf("%d tests ran, %d failed", c.results["PASS"]+c.results["FAIL"], c.results["FAIL"])
	if n := c.results["SKIP"]; n > 0 {
		text += fmt.Sprintf(", %d could not run", n)
	}
	return text + " on " + c.kernel
}
