package soak

import "os"

// staff is an entry of workers that do what they are asked, right or wrong.
func staff(pool, more keys) keys {
	k := keys{"cmd": []string{"php", "@DIR@/scripts/pool.php"}, "driver": "worker", "encoding": "raw", "env": []string{"D=@DIR@"}, "worker": pool.and("boottimeout", "60s")}
	for key, value := range more {
		k[key] = value
	}
	return k
}

// working are the operations of workers. They are replaced all the time: for what they
// do, for the number of their requests and for their age.
func working() []*operation {
	all := append(workersAtOdds(), workersWithoutEnd()...)
	all = append(all, workersApart()...)
	if os.Getuid() == 0 {
		all = append(all, &operation{
			verb: "get", path: "/nobody/worker", what: "plain", weight: 2, limits: keys{"nofile": 64}, ends: []string{answered}, whole: says("plain-%s"),
			inject: staff(keys{"min": 1, "max": 2, "maxrequests": 10}, keys{"user": "nobody", "tmpdir": "own"}),
		})
	}
	for _, o := range all {
		o.driver = workers
	}
	return all
}

// workersAtOdds serve whoever comes, and end in every way.
func workersAtOdds() []*operation {
	ends, dies, breaks := []string{answered}, []string{noAnswer}, []string{badReply}
	pool := staff(keys{"min": 2, "max": 4, "maxrequests": 20, "maxage": "4s"}, nil)
	return shared(
		&operation{verb: "get", path: "/worker/odd", what: "plain", weight: 6, inject: pool, op: keys{"stats": true}, ends: ends, whole: says("plain-%s")},
		&operation{what: "hold", weight: 3, n: oneOf(20, 100, 300), ends: ends, whole: says("hold-%s")},
		&operation{what: "say", weight: 1, ends: ends, whole: says("say-%s")},
		&operation{what: "large", weight: 1, n: oneOf(70_000, 2_000_000), ends: ends, whole: repeats},
		&operation{what: "fork", weight: 1, ends: ends, whole: says("fork-%s")},
		&operation{what: "bye", weight: 1, ends: ends, whole: says("bye-%s")},
		&operation{what: "twice", weight: 1, ends: ends, whole: says("twice-%s")},
		&operation{what: "error", weight: 1, ends: []string{failed}},
		&operation{what: "exit", weight: 1, n: oneOf(0, 3), ends: dies},
		&operation{what: "kill", weight: 1, ends: dies},
		&operation{what: "half-exit", weight: 1, ends: dies},
		&operation{what: "wrong-id", weight: 1, ends: breaks},
		&operation{what: "bad-json", weight: 1, ends: breaks},
		&operation{what: "huge", weight: 1, ends: breaks},
	)
}

// workersWithoutEnd hang until they are ended.
func workersWithoutEnd() []*operation {
	late := func() keys {
		return staff(keys{"min": 1, "max": 3}, keys{"timeout": "500ms", "grace": "200ms"})
	}
	ends := []string{timedOut}
	return append(shared(
		&operation{verb: "get", path: "/worker/late", what: "hang", weight: 1, inject: late(), ends: ends},
		&operation{what: "half", weight: 1, ends: ends},
		&operation{what: "close", weight: 1, ends: ends}, // its own copy of the descriptor
		&operation{what: "stubborn", weight: 1, ends: ends},
	), &operation{verb: "post", path: "/worker/late", what: "deaf", weight: 1, inject: late(), body: oneOf(0, 1000, 3<<20), ends: ends})
}

func workersApart() []*operation {
	ends := []string{answered}
	// Who spoils it for the next one, that may have been handed over already.
	spoiler := func(path, what, next string) []*operation {
		return shared(
			&operation{verb: "get", path: path, what: what, weight: 1, inject: staff(keys{"min": 1, "max": 1}, nil), ends: []string{answered, next}, whole: says(what + "-%s")},
			&operation{what: "plain", weight: 3, ends: []string{answered, next}, whole: says("plain-%s")},
		)
	}
	return append(append(spoiler("/worker/twice", "late-twice", badReply), spoiler("/worker/ends", "answer-exit", noAnswer)...), []*operation{
		{verb: "post", path: "/worker/echo", what: "echo", weight: 3, inject: staff(keys{"min": 0, "max": 2}, nil), body: bodies, ends: ends, whole: echoes},
		{
			verb: "get", path: "/worker/leave", what: "hold", weight: 2, n: oneOf(20, 100), ends: ends, whole: says("hold-%s"),
			inject: staff(keys{"min": 1, "max": 2}, nil), op: keys{"ondisconnect": "kill"},
		},
		{
			verb: "get", path: "/worker/few", what: "hold", weight: 2, n: oneOf(20, 100), ends: ends, whole: says("hold-%s"),
			inject: staff(keys{"min": 1, "max": 1}, keys{"env": []string{"D=@DIR@", "BOOT=well"}}), op: keys{"queued": 1},
		},
	}...)
}

// shared are operations of one pool.
func shared(first *operation, more ...*operation) []*operation {
	for _, o := range more {
		o.verb, o.path, o.op = first.verb, first.path, first.op
	}
	return append([]*operation{first}, more...)
}
