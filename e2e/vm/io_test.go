package vm

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// disk is the number of the machine's disk, as io.max wants it.
func disk(t *testing.T) string {
	t.Helper()
	number, err := os.ReadFile("/sys/block/nvme0n1/dev")
	must(t, err)
	return strings.TrimSpace(string(number))
}

// What takes no time without a limit runs into the same timeout with one: writing
// past the page cache, and through it. Each writes a file of its own: writeback
// counts for the group that wrote to a file first.
func TestIOMax(t *testing.T) {
	writeMuch := func(how, file string, limit keys) keys {
		dd := []string{"/bin/dd", "if=/dev/zero", "of=/var/tmp/" + file, "bs=64k", "count=8", how}
		return call(dd, keys{"inject": keys{"timeout": "3s", "grace": "100ms"}, "limits": limit})
	}
	slow := keys{"iomax": []string{disk(t) + " wbps=131072"}}
	g := start(t, write(t, nil, map[string]keys{
		"/direct": writeMuch("oflag=direct", "1", keys{}), "/direct/limited": writeMuch("oflag=direct", "2", slow),
		"/sync": writeMuch("conv=fsync", "3", keys{}), "/sync/limited": writeMuch("conv=fsync", "4", slow),
	}))
	for _, path := range []string{"/direct", "/sync"} {
		g.get(path).want(t, 200, "8+0 records out")
		g.quiet()
		limited := g.begin(path + "/limited")
		if got, want := read(g.callGroup(), "io.max"), fmt.Sprintf("%s rbps=max wbps=131072 riops=max wiops=max", disk(t)); got != want {
			t.Errorf("io.max is %q, want %q", got, want)
		}
		limited.answer().wantProblem(t, 504, "timeout")
		// A process that waits for the disk dies when its writes are through.
		g.quiet()
	}
}

// io.weight is there where the kernel was built with it; where it is not, a
// call says so.
func TestIOWeight(t *testing.T) {
	g := start(t, write(t, nil, map[string]keys{
		"/x": script("cat "+own+"/io.weight", limits(keys{"ioweight": 50})),
	}))
	g.get("/x").want(t, 200, `"default 50\n"`)
}

// A limit that the kernel refuses is refused at start, or left out at best effort.
func TestLimitThatTheKernelRefuses(t *testing.T) {
	absent := keys{"iomax": []string{"7:250 wbps=131072"}, "pids": 20}
	wantRefused(t, write(t, nil, map[string]keys{"/x": script("true", limits(absent))}), nil, "io.max", "7:250", "besteffort")
	absent["mode"] = "besteffort"
	g := start(t, write(t, nil, map[string]keys{"/x": script("cat "+own+"/pids.max", limits(absent))}))
	if !strings.Contains(g.logText(), "7:250") {
		t.Errorf("no word of it in the log: %s", g.logText())
	}
	g.get("/x").want(t, 200, `"20\n"`)
}
