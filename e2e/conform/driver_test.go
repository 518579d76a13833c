package conform

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

// driver is a way of urocket to make a process.
type driver struct {
	name    string // in the table of differences
	driver  string // the key
	options []string
	one     bool // a call of an operation at a time
	most    int  // calls of a trial; 0: all. Where each call is a PHP from its start there are enough elsewhere
}

// drivers are all of them. The fallback of fork to processes that are started
// ahead is where PHP cannot call C.
var drivers = []driver{
	{name: "spawn", driver: "spawn"},
	{name: "fork", driver: "fork"},
	{name: "spare", driver: "fork", options: []string{"-d", "ffi.enable=0"}, one: true, most: 3},
}

// of is the list of trials for this driver.
func (d driver) of(list []trial) []trial {
	list = slices.Clone(list)
	for i := range list {
		if d.most > 0 && len(list[i].calls) > d.most {
			list[i].calls = list[i].calls[:d.most]
		}
	}
	return list
}

// accepted stops a test of a driver that this version does not have yet.
func (d driver) accepted(t *testing.T) {
	t.Helper()
	tr := trial{script: "plain"}
	g := prepare(t, []trial{tr}, servedBy(d))
	out, err := g.program("dry").CombinedOutput()
	switch {
	case err != nil && strings.Contains(string(out), "is not in this version yet"):
		notrun.Here(t, "this version has no driver: "+d.driver)
	case err != nil:
		t.Fatalf("dry: %v\n%s", err, out)
	}
}

// possible are the trials that can run on this machine, each of the others noted.
func possible(t *testing.T) (list []trial) {
	t.Helper()
	for _, tr := range trials() {
		if why := tr.impossible(); why != "" {
			t.Run(tr.name(), func(t *testing.T) { notrun.Here(t, why) })
			continue
		}
		list = append(list, tr)
	}
	return list
}

// impossible says why a trial cannot run here; "" if it can.
func (tr trial) impossible() string {
	if tr.flags&asUser != 0 && !root() {
		return "only root can start processes of another user"
	}
	for _, extension := range tr.needs {
		if exec.Command("php", "-r", "exit(extension_loaded('"+extension+"') ? 0 : 1);").Run() != nil {
			return "this PHP has no extension " + extension
		}
	}
	return ""
}
