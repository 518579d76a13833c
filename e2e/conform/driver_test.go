package conform

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urocket/urocket/e2e/leftovers"
	"github.com/urocket/urocket/internal/notrun"
)

// driver is a way of urocket to make a process.
type driver struct {
	name    string   // in the table of differences
	driver  string   // the key
	made    string   // what makes the processes
	options []string // of php, also where it is run plainly
	source  string   // of an extension that is added under the driver alone
	few     bool     // each script in one way alone; the others are tried under a driver that is as this one
	one     bool     // a call of an operation at a time, and few of them: each is a PHP from its start
}

// drivers are all of them. The fallback of fork to processes that are started
// ahead is where PHP cannot call C.
var drivers = []driver{
	{name: "spawn", driver: "spawn", made: "spawn"},
	{name: "fork", driver: "fork", made: "fork"},
	{name: "fastexit", driver: "fork", made: "fork", source: "../../contrib/fastexit/fastexit.c", few: true},
	{name: "spare", driver: "fork", made: "spare", options: []string{"-d", "ffi.enable=0"}, one: true, few: true},
}

// names are those by which the table knows the processes of a driver that were
// made in some way.
func (d driver) names(made string) []string {
	if d.source != "" {
		return []string{made, d.name} // the extension is there whoever makes the process
	}
	return []string{made}
}

// of are the trials for this driver: all in the full form, and in the short one
// each script in one way.
func (d driver) of(all []trial, whole bool) (list []trial) {
	const enough = 3
	for _, tr := range all {
		if (d.few || !whole) && tr.as != "" && tr.flags&everywhere == 0 {
			continue
		}
		if d.one && len(tr.calls) > enough {
			tr.calls = tr.calls[:enough]
		}
		list = append(list, tr)
	}
	return list
}

// extension is where that of the driver lies, once it is compiled.
func (d driver) extension() string { return filepath.Join(filepath.Dir(standin), d.name+".so") }

// extended are the options of php under the driver.
func (d driver) extended() []string {
	if d.source == "" {
		return d.options
	}
	return append(slices.Clone(d.options), "-d", "extension="+d.extension())
}

// compiled compiles the extension of the driver, if it has one.
func (d driver) compiled(t *testing.T) {
	t.Helper()
	if d.source == "" {
		return
	}
	if _, err := os.Stat(d.source); err != nil {
		notrun.Here(t, "this version has no "+d.source)
	}
	headers, err := exec.Command("php-config", "--includes").Output()
	if err != nil {
		notrun.Here(t, "no headers of PHP, which an extension needs (php-dev)")
	}
	words := append(strings.Fields(string(headers)), "-shared", "-fPIC", "-O2", "-o", d.extension(), d.source)
	if out, err := exec.Command("cc", words...).CombinedOutput(); err != nil {
		t.Fatalf("cc %q: %v\n%s", words, err, out)
	}
}

// accepted stops a test of a driver that this version does not have yet.
func (d driver) accepted(t *testing.T) {
	t.Helper()
	d.compiled(t)
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
	if tr.keys["replyfrom"] != nil && !leftovers.CgroupsWork() {
		return "no cgroup v2 in which groups can be made, by which urocket knows a call's processes"
	}
	for _, extension := range tr.needs {
		if exec.Command("php", "-r", "exit(extension_loaded('"+extension+"') ? 0 : 1);").Run() != nil {
			return "this PHP has no extension " + extension
		}
	}
	return ""
}
