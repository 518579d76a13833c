package warm

import (
	_ "embed"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Program is a PHP to be kept warm.
type Program struct {
	PHP     string   // path of the interpreter
	Options []string // as they stand before the script
	Script  string   // as it is written
	Dir     string   // working directory, absolute
	Env     []string // what all calls have in common

	Title string // what ps(1) shows of it as long as it waits

	Kind    Driver // Fork or Spare
	Prelude string // directory of what [Preludes] has written

	facts *Facts // nil before [Program.Probe]; they do not change
}

// Driver is how a process comes to be.
type Driver string

// Drivers.
const (
	Spawn Driver = "spawn" // started when it is needed
	Fork  Driver = "fork"  // forked from a PHP that has done its start-up
	Spare Driver = "spare" // started ahead
)

// command is how a PHP that forks is to be started.
func (p *Program) command(conn *os.File) Command {
	return Command{Path: p.PHP, Argv: p.Argv(), Env: p.Environ(), Dir: p.Dir, Conn: conn}
}

// Environ is the environment in which PHP is to be started.
func (p *Program) Environ() []string {
	env := append(slices.Clone(p.Env), "UROCKET_TITLE="+p.Title)
	if p.facts.prepend != "" {
		env = append(env, "UROCKET_PREPEND="+p.facts.prepend)
	}
	if p.facts.eager {
		env = append(env, "UROCKET_GLOBALS=1")
	}
	if p.facts.bare {
		env = append(env, "UROCKET_NO_ARGV=1")
	}
	return env
}

// Argv adds our settings to the user's. Of two of a name PHP takes the later.
func (p *Program) Argv() []string {
	argv := append([]string{"php"}, p.Options...)
	set := func(settings ...string) {
		for _, s := range settings {
			argv = append(argv, "-d", s)
		}
	}
	set("auto_prepend_file="+filepath.Join(p.Prelude, prelude(p.Kind, p.facts.prepend != "")), "register_argc_argv=0", "auto_globals_jit=1")
	if p.Kind == Fork {
		set(opcache...)
		if !p.facts.opcache {
			set(opcacheOfOurs...)
			for setting, is := range map[string]bool{"opcache.preload=": p.facts.preload, "opcache.file_cache=": p.facts.cached} {
				if is {
					set(setting)
				}
			}
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
	opcacheOfOurs = []string{"opcache.enable_cli=1", "opcache.jit_buffer_size=0", "opcache.save_comments=1"}
)

var (
	//go:embed fork.php
	forkText string
	//go:embed spare.php
	spareText string
	//go:embed probe.php
	probeText string
)

// Door is the name of the socket, in the directory of the preludes, on which a spare
// waits.
const Door = "door"

// Invitation is the variable that holds what a spare says there first.
const Invitation = "UROCKET_INVITATION"

// Preludes writes what a PHP begins with to a directory in which it can read.
func Preludes(dir string) error {
	for kind, text := range map[Driver]string{Fork: forkText, Spare: spareText} {
		for own, begin := range map[bool]string{false: "(static", true: "require (static"} {
			file := filepath.Join(dir, prelude(kind, own))
			if err := os.WriteFile(file, []byte(strings.Replace(text, "(static", begin, 1)), 0o644); err != nil {
				return err
			}
			if err := os.Chmod(file, 0o644); err != nil { // whatever our umask is
				return err
			}
		}
	}
	return nil
}

// prelude is the name of a driver's prelude. One of the user's own is required by ours
// when it ends, in the global scope as PHP would do it.
func prelude(kind Driver, own bool) string {
	if own {
		return string(kind) + "-prepend.php"
	}
	return string(kind) + ".php"
}
