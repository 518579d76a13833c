package vm

import (
	"os"
	"path/filepath"
	"testing"
)

// sit is the daemon's program: it tells that it runs, and stays.
const sit = "#!/bin/sh\necho >\"$1\"\nexec /bin/sleep 31001\n"

// stay is a daemon that asks not to be ended.
const stay = "#!/bin/sh\ntrap '' TERM HUP INT\necho >\"$1\"\nexec /bin/sleep 31001\n"

// hop is never the same process for long: each starts the next in a session of
// its own and ends.
const hop = "#!/bin/sh\necho >\"$1\"\nenv -i /bin/setsid /bin/sh ./hop.sh \"$1\" hopping-31001 <&- >&- 2>&- &\n"

// daemonize is what a PHP daemon does.
const daemonize = `<?php
if (pcntl_fork()) exit(0);
posix_setsid();
if (pcntl_fork()) exit(0);
fclose(STDIN); fclose(STDOUT); fclose(STDERR);
pcntl_exec('/bin/sh', ['./sit.sh', $argv[1]], []);
`

// daemons are scripts that leave a process behind, which writes $M.
var daemons = map[string]string{
	"session":         `setsid ./sit.sh $M & `,
	"double-fork":     `(setsid /bin/sh -c "env -i /bin/setsid /bin/sh ./sit.sh $M <&- >&- 2>&- &" &); `,
	"without-pipes":   `setsid ./sit.sh $M <&- >&- 2>&- & `,
	"ignores-term":    `(env -i /bin/setsid /bin/sh ./stay.sh $M &); `,
	"changes-its-pid": `./hop.sh $M; `,
	"php":             `php daemonize.php $M; `,
}

// wantDaemonsEnd has every daemon end with its call at the level that top asks
// for: once with a script that ends, once with one that is ended because its
// caller has gone.
func wantDaemonsEnd(t *testing.T, top keys) {
	ops := map[string]keys{}
	for name, text := range daemons {
		text += "while [ ! -e $M ]; do sleep 0.1; done; "
		ops["/"+name] = script(text+"exit 7", keys{"inject": keys{"env": []string{"M=" + name}, "grace": "100ms"}})
		ops["/"+name+"/left"] = script(text+"sleep 31001", keys{"inject": keys{"env": []string{"M=" + name + ".left"}, "grace": "100ms"}, "ondisconnect": "kill"})
	}
	file := write(t, top, ops)
	for name, text := range map[string]string{"sit.sh": sit, "stay.sh": stay, "hop.sh": hop, "daemonize.php": daemonize} {
		beside(t, file, name, text)
	}
	g := start(t, file)
	for name := range daemons {
		if r := g.get("/" + name).report(t); r.ExitCode == nil || *r.ExitCode != 7 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	waitFor(t, "the daemons are gone", func() bool { return running("31001") == 0 })
	leave := make([]func(), 0, len(daemons))
	for name := range daemons {
		leave = append(leave, g.begin("/"+name+"/left").leave)
	}
	for name := range daemons {
		mark := filepath.Join(filepath.Dir(file), name+".left")
		waitFor(t, "the daemon runs: "+name, func() bool { _, err := os.Stat(mark); return err == nil })
	}
	for _, leave := range leave {
		leave()
	}
	waitFor(t, "the daemons of those who left are gone", func() bool { return running("31001") == 0 })
}

func TestDaemonsEndWithTheirCall(t *testing.T) { wantDaemonsEnd(t, nil) }
