package soak

import (
	"fmt"
	"os"
)

// Drivers, as the operations of the soak name them. A spare is what fork falls back to
// where PHP has no FFI.
const (
	forks   = "fork"
	spares  = "spare"
	workers = "worker"
	shifts  = "shift" // another one in each generation of the configuration
)

// turn is the command of an operation with driver: fork.
func turn(driver string, args ...string) keys { return turnAt(driver, "scripts/turn.php", args...) }

func turnAt(driver, script string, args ...string) keys {
	cmd := []string{"php"}
	if driver == spares {
		cmd = append(cmd, "-d", "ffi.enable=0")
	}
	// The token is an argument because a spare's environment is not to be seen from outside.
	cmd = append(cmd, "@DIR@/"+script, "T={{query.t}}")
	return keys{"cmd": append(cmd, args...), "driver": "fork"}
}

// several are operations that share the entry of the first: W says which of them it is.
func several(first *operation, more ...*operation) []*operation {
	first.inject.env("W={{query.w}}")
	for _, o := range more {
		o.verb, o.path, o.op, o.driver = first.verb, first.path, first.op, first.driver
	}
	return append([]*operation{first}, more...)
}

// forked are the operations of a driver whose processes are those of unmodified PHP
// scripts. They behave as those that are spawned, and are judged as they are.
func forked(driver string) []*operation {
	all := append(forkedOnTheSocket(driver), forkedPrinting(driver)...)
	all = append(all, forkedApart(driver)...)
	if os.Getuid() == 0 {
		nobody := turn(driver, "litter").and("user", "nobody").and("umask", "0077").and("tmpdir", "own")
		all = append(all, &operation{
			verb: "get", path: "/nobody/" + driver, weight: 1, inject: nobody, limits: keys{"nofile": 64, "fsize": 1 << 30},
			ends: []string{answered}, whole: says("litter-%s"),
		})
	}
	for _, o := range all {
		o.driver = driver
	}
	return all
}

func forkedOnTheSocket(driver string) []*operation {
	ends, dies := []string{answered}, []string{noAnswer}
	return several(
		&operation{verb: "get", path: "/" + driver, what: "plain", weight: 4, inject: turn(driver), op: keys{"stats": true}, ends: ends, whole: says("plain-%s")},
		&operation{what: "hold", weight: 4, n: oneOf(20, 100, 300), ends: ends, whole: says("hold-%s"), told: []int{410}},
		&operation{what: "twice", weight: 1, ends: ends, whole: says("one-%s"), spoilt: says("two-%s"), told: []int{409}},
		&operation{what: "daemon", weight: 1, ends: ends, whole: says("daemon-%s")},
		&operation{what: "flood", weight: 1, ends: ends, whole: says("flood-%s")},
		&operation{what: "silent", weight: 1, n: oneOf(0, 1, 127), ends: dies},
		&operation{what: "segv", weight: 1, ends: dies},
		&operation{what: "kill", weight: 1, ends: dies},
		&operation{what: "group", weight: 1, ends: dies},
		&operation{what: "fatal", weight: 1, ends: dies},
	)
}

func forkedPrinting(driver string) []*operation {
	ends := []string{answered}
	many := oneOf(10, 5000, 70_000, 400_000, 2_000_000)
	return append(several(
		&operation{verb: "get", path: "/out/" + driver, what: "out-many", weight: 2, inject: turn(driver), op: keys{"reply": "stdout"}, n: many, ends: ends, whole: repeats},
		&operation{what: "out-nothing", weight: 1, ends: ends, whole: func(*call) []byte { return nil }},
		&operation{what: "out-fail-early", weight: 1, ends: []string{noAnswer}},
		&operation{what: "out-fail-late", weight: 1, ends: []string{brokenOff}, whole: says("%s")},
		&operation{what: "out-crash", weight: 1, ends: []string{brokenOff}, whole: says("%s")},
		&operation{what: "out-daemon", weight: 1, ends: ends, whole: says("%s")},
	), &operation{
		verb: "post", path: "/out/" + driver, weight: 2, inject: turn(driver, "out-echo").stdin(), op: keys{"reply": "stdout"}, body: bodies,
		ends: ends, whole: echoes,
	})
}

// forkedApart are those with settings of their own.
func forkedApart(driver string) []*operation {
	ends := []string{answered}
	return []*operation{
		{verb: "post", path: "/" + driver, weight: 2, inject: turn(driver, "echo").stdin(), body: bodies, ends: ends, whole: echoes},
		// What does not fit into the socket of a PHP that does not read.
		{
			verb: "post", path: "/" + driver + "/argument", weight: 3, body: oneOf(30, 1000, 100_000, 131_071), ends: ends, whole: echoes,
			inject: turn(driver, "argument", "{{jsonpayload}}").and("encoding", "raw"),
		},
		{
			verb: "get", path: "/" + driver + "/late", weight: 1, inject: turn(driver, "late").and("timeout", "400ms").and("grace", "5s"),
			ends: []string{timedOut}, told: []int{410},
		},
		{
			verb: "get", path: "/" + driver + "/stubborn", weight: 1, inject: turn(driver, "stubborn").and("timeout", "300ms").and("grace", "200ms"),
			ends: []string{timedOut},
		},
		{
			verb: "get", path: "/" + driver + "/kill", weight: 1, n: oneOf(100, 300), inject: turn(driver, "hold"), op: keys{"ondisconnect": "kill"},
			ends: ends, whole: says("hold-%s"), told: []int{410},
		},
		{
			verb: "get", path: "/report/" + driver, weight: 1, n: oneOf(0, 1, 3, 127), inject: turn(driver, "report"), op: keys{"reply": "report"},
			ends: ends, check: isReport,
		},
		{
			verb: "get", path: "/alone/" + driver, weight: 2, inject: turn(driver, "alone").env("LOCK=" + driver), op: keys{"running": 1, "queued": 50},
			ends: ends, whole: says("alone-%s"),
		},
		{
			verb: "get", path: "/edited/" + driver, weight: 3, inject: turnAt(driver, "current/edited.php"), op: keys{"reply": "stdout"},
			ends: ends, check: isCurrentEdition,
		},
	}
}

// shifting is an operation whose driver changes with the generation of the configuration.
func shifting() *operation {
	return &operation{verb: "get", path: "/shift", weight: 8, driver: shifts, ends: []string{answered}, check: isShifted, entry: shiftOf}
}

// shiftOf is its entry at a generation, and which driver that is.
func shiftOf(generation int64) (op, inject keys, driver string) {
	driver = []string{"spawn", forks, workers, spares}[generation%4]
	inject = keys{"cmd": []string{"php", "@DIR@/scripts/shift.php"}, "env": []string{"D=@DIR@", fmt.Sprintf("G=%d", generation), "DRIVER=" + driver}}
	switch driver {
	case workers:
		return nil, inject.and("driver", "worker").and("worker", keys{"min": 1, "max": 2, "boottimeout": "60s"}), driver
	case forks:
		inject["driver"] = "fork"
	case spares:
		inject.and("driver", "fork")["cmd"] = []string{"php", "-d", "ffi.enable=0", "@DIR@/scripts/shift.php"}
	}
	inject["cmd"] = append(inject["cmd"].([]string), "T={{query.t}}")
	return keys{"reply": "stdout"}, inject.env("T={{query.t}}"), driver
}

// isShifted demands a generation that was in force while the call was under way, and its driver.
func isShifted(c *call, a response) error {
	var token, driver string
	var n int64
	if _, err := fmt.Sscanf(string(a.body), "shift-%s %d %s\n", &token, &n, &driver); err != nil {
		return err
	}
	if token != c.token {
		return fmt.Errorf("the answer to %s", token)
	}
	if _, _, want := shiftOf(n); driver != want {
		return fmt.Errorf("generation %d by driver %s", n, driver)
	}
	return c.inForce(n)
}
