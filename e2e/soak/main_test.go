package soak

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/e2e/leftovers"
	"github.com/urocket/urocket/internal/notrun"
)

var (
	length = flag.Duration("soak", 0, "how long to run, all levels together; 0: the short form")
	seed   = flag.Uint64("seed", 0, "seed of all choices; 0: a random one")
	levels = flag.String("levels", "cgroups,none", "what keeps processes together: cgroups, none")
	rate   = flag.Int("rate", 60, "requests a second")
	keep   = flag.Bool("keep", false, "keep the files of a run: configuration, logs, notes")
)

// shortForm is how long the load of each level lasts in make test.
const shortForm = 8 * time.Second

// program is the path of the binary under test.
var program string

// TestMain builds the program with the race detector, unless UROCKET_BIN names
// a binary to take.
func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "urocket-soak-bin-")
	if err == nil {
		err = build(dir)
	}
	code := 1
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, "soak:", err)
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build(dir string) (err error) {
	if program = os.Getenv("UROCKET_BIN"); program != "" {
		program, err = filepath.Abs(program)
		return err
	}
	program = filepath.Join(dir, "urocket")
	out, err := exec.Command("go", "build", "-race", "-o", program, "github.com/urocket/urocket/cmd/urocket").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return nil
}

func TestSoak(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64N(1_000_000)
	}
	run := strings.Split(*levels, ",")
	for _, level := range run {
		t.Run(level, func(t *testing.T) {
			if level == "cgroups" && !leftovers.CgroupsWork() {
				notrun.Here(t, "no cgroup v2 in which groups can be made")
			}
			d := shortForm
			if *length > 0 {
				d = *length / time.Duration(len(run))
			}
			newSoak(t, level, d).run()
		})
	}
}
