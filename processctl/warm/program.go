package warm

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Program is a PHP to be kept warm.
type Program struct {
	PHP     string   // path of the interpreter
	Options []string // as they stand before the script
	Script  string   // as it is written
	Dir     string   // working directory, absolute
	Env     []string // what all calls have in common

	Prelude string // path of fork.php or spare.php
	Kind    Driver // Fork or Spare
	Facts
}

// Facts are what is to be known of a PHP with its options, by [Probe].
type Facts struct {
	Prepend string // the user's own auto_prepend_file
	Eager   bool   // auto_globals_jit is off
	Opcache bool   // the user has turned it on
}

// Driver is how a process comes to be.
type Driver string

// Drivers.
const (
	Spawn Driver = "spawn" // started when it is needed
	Fork  Driver = "fork"  // forked from a PHP that has done its start-up
	Spare Driver = "spare" // started ahead
)

// scriptPath is where the script is looked for.
func (p *Program) scriptPath() string {
	if filepath.IsAbs(p.Script) {
		return p.Script
	}
	return filepath.Join(p.Dir, p.Script)
}

func (p *Program) realScript() (string, error) {
	real, err := filepath.EvalSymlinks(p.scriptPath())
	if err != nil {
		return "", fmt.Errorf("find the script: %w", err)
	}
	return real, nil
}

// Command is how PHP is to be started, without what the two sides speak over.
func (p *Program) command(conn *os.File) Command {
	env := append(slices.Clone(p.Env), "UROCKET_WARM="+string(p.Kind))
	if p.Prepend != "" {
		env = append(env, "UROCKET_PREPEND="+p.Prepend)
	}
	if p.Eager {
		env = append(env, "UROCKET_GLOBALS=1")
	}
	return Command{Path: p.PHP, Argv: p.argv(), Env: env, Dir: p.Dir, Conn: conn}
}

// argv adds our settings to the user's. Of two of a name PHP takes the later.
func (p *Program) argv() []string {
	argv := append([]string{"php"}, p.Options...)
	set := func(settings ...string) {
		for _, s := range settings {
			argv = append(argv, "-d", s)
		}
	}
	set("auto_prepend_file="+p.Prelude, "register_argc_argv=0", "auto_globals_jit=1")
	if p.Kind == Fork {
		set(opcache...)
		if !p.Opcache {
			set(opcacheOfOurs...)
		}
	}
	return append(argv, p.Script)
}

var (
	// opcache are settings without which a script that was edited, or a link that was
	// switched, would not be seen: children ask at the time at which PHP was started.
	opcache = []string{"opcache.validate_timestamps=1", "opcache.revalidate_freq=0", "opcache.revalidate_path=1", "opcache.use_cwd=1"}
	// opcacheOfOurs turn on what is off in the CLI, and nothing with it that the user
	// has asked for elsewhere.
	opcacheOfOurs = []string{"opcache.enable_cli=1", "opcache.preload=", "opcache.file_cache=", "opcache.jit_buffer_size=0", "opcache.save_comments=1"}
)

//go:embed fork.php
var forkPrelude []byte

// Prelude is what a PHP of a driver begins with, to be put where it can read it.
func Prelude(Driver) []byte { return forkPrelude }
