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
	write1MiB := func(how, file string, limit keys) keys {
		dd := []string{"/bin/dd", "if=/dev/zero", "of=/var/tmp/" + file, "bs=64k", "count=16", how}
		return call(dd, keys{"inject": keys{"timeout": "4s", "grace": "100ms"}, "limits": limit})
	}
	slow := keys{"iomax": []string{disk(t) + " wbps=131072"}}
	g := start(t, write(t, nil, map[string]keys{
		"/direct": write1MiB("oflag=direct", "1", keys{}), "/direct/limited": write1MiB("oflag=direct", "2", slow),
		"/sync": write1MiB("conv=fsync", "3", keys{}), "/sync/limited": write1MiB("conv=fsync", "4", slow),
	}))
	for _, path := range []string{"/direct", "/sync"} {
		g.get(path).want(t, 200, "16+0 records out")
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
		"/x": script("cat "+cgroupfs+"$(cut -d: -f3 /proc/self/cgroup)/io.weight", limits(keys{"ioweight": 50})),
	}))
	g.get("/x").want(t, 200, `"default 50\n"`)
}
