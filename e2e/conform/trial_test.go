package conform

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urocket/urocket/e2e/escape"
)

// trial is one script and how it is called.
type trial struct {
	script string   // testdata/SCRIPT.php, or the folder testdata/SCRIPT with SCRIPT.php in it
	as     string   // name of the trial where a script has several
	cmd    []string // the command; default php SCRIPT.php. @DIR@ is the folder of the trial
	keys   escape.Keys
	calls  []call // default: one GET
	flags  flags
	needs  []string // extensions of PHP

	before func(dir string) error // makes further files of the trial
	become string                 // what the keys make of the process (see become), for the truth
	stop   bool                   // the timeout of the operation ends it; the truth gets the same signal
}

// stopAfter is long enough for a script to come as far as it should.
const stopAfter = 3 * time.Second

// flags of a trial.
type flags uint

const (
	together   flags = 1 << iota // all calls at once under the driver; one after another by plain php
	asUser                       // runs as nobody: only for root
	neverWarm                    // there is no script that could be kept warm
	everywhere                   // also under drivers that run each script in one way alone
)

// call is one request of a trial.
type call struct {
	before func(dir string) error // what happens to the files beforehand
	arg    string                 // query parameter a, percent-encoded
	body   []byte
	header []string
}

// name is what the tables call the trial.
func (tr trial) name() string {
	if tr.as != "" {
		return tr.as
	}
	return tr.script
}

// requests are the calls of the trial.
func (tr trial) requests() []call {
	if len(tr.calls) == 0 {
		return []call{{}}
	}
	return tr.calls
}

// command is the command with a driver's options behind the word php.
func (tr trial) command(options []string, dir string) []string {
	cmd := tr.cmd
	if cmd == nil {
		cmd = []string{"php", tr.script + ".php"}
	}
	cmd = slices.Clone(cmd)
	if at := slices.IndexFunc(cmd, func(word string) bool { return filepath.Base(word) == "php" }); at >= 0 {
		cmd = slices.Insert(cmd, at+1, options...)
	}
	for i := range cmd {
		cmd[i] = strings.ReplaceAll(cmd[i], "@DIR@", dir)
	}
	return cmd
}

// reply is how the operation answers; report unless it says otherwise.
func (tr trial) reply() string {
	if mode, ok := tr.keys["reply"].(string); ok {
		return mode
	}
	return "report"
}

// lay puts the files of the trial into a folder.
func (tr trial) lay(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	single := filepath.Join("testdata", tr.script+".php")
	var err error
	if st, found := os.Stat(strings.TrimSuffix(single, ".php")); found == nil && st.IsDir() {
		err = os.CopyFS(dir, os.DirFS(strings.TrimSuffix(single, ".php")))
	} else {
		err = copyInto(dir, single, filepath.Join("testdata", "fact.php"), "../../scripts/php/urocket.php")
	}
	if err == nil && tr.before != nil {
		err = tr.before(dir)
	}
	if err == nil {
		err = age(dir)
	}
	if err == nil {
		err = os.Chmod(dir, 0o777) // scripts of another user write there as well
	}
	return err
}

var longAgo = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// age gives all files an old date: what is new is compiled each time.
func age(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return os.Chtimes(path, longAgo, longAgo)
	})
}

func copyInto(dir string, files ...string) error {
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// put makes a file of a trial.
func put(dir, name, text string) error {
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}
