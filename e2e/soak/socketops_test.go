package soak

import "fmt"

// onTheSocket are the operations whose answer is posted.
func onTheSocket() []*operation {
	return append(echoesOnTheSocket(), append(endsOnTheSocket(), append(strays(), disputes()...)...)...)
}

// echoesOnTheSocket answer with their payload, by every channel and client.
func echoesOnTheSocket() []*operation {
	ends := []string{answered}
	return []*operation{
		{verb: "post", path: "/echo/curl", weight: 6, inject: sh("echo-curl").stdin(), body: bodies, ends: ends, whole: echoes},
		{verb: "post", path: "/echo/php", weight: 2, inject: php("echo-php").stdin(), body: bodies, ends: ends, whole: echoes},
		{verb: "post", path: "/echo/helper", weight: 2, inject: php("echo-helper").stdin(), body: bodies, ends: ends, status: 201, whole: echoes, check: hasToken},
		{
			verb: "post", path: "/echo/file", weight: 4, body: bodies, ends: ends, whole: echoes,
			inject: sh("echo-file").and("channel", "file").and("encoding", "raw").env("FILE={{payloadfile}}"),
		},
		{
			verb: "post", path: "/echo/argument", weight: 3, body: oneOf(30, 1000, 100_000, 131_071), ends: ends, whole: echoes,
			inject: sh("echo-argument", "{{jsonpayload}}").and("encoding", "raw"),
		},
		{
			verb: "post", path: "/echo/long-argument", weight: 1, body: oneOf(131_072, 300_000), ends: []string{tooLarge},
			inject: sh("echo-argument", "{{jsonpayload}}").and("encoding", "raw"),
		},
		{
			verb: "post", path: "/echo/too-large", weight: 1, body: oneOf(maxBody+1, maxBody+300_000), ends: []string{tooLarge},
			inject: sh("echo-curl").stdin(),
		},
	}
}

// endsOnTheSocket answer late, twice, or not at all.
func endsOnTheSocket() []*operation {
	codes := oneOf(0, 1, 3, 127)
	signal := func(who, sig string) keys { return sh("signal").env("WHO="+who, "SIG="+sig) }
	dies := []string{noAnswer}
	return []*operation{
		{verb: "get", path: "/plain", weight: 6, inject: sh("plain"), ends: []string{answered}, whole: says("plain-%s")},
		{
			verb: "get", path: "/hold", weight: 8, n: oneOf(50, 200, 400), inject: sh("hold"), op: keys{"stats": true},
			ends: []string{answered}, whole: says("hold-%s"), told: []int{410},
		},
		{
			verb: "get", path: "/kill", weight: 4, n: oneOf(100, 300), inject: sh("hold"), op: keys{"ondisconnect": "kill"},
			ends: []string{answered}, whole: says("hold-%s"), told: []int{410},
		},
		{verb: "get", path: "/silent", weight: 3, n: codes, inject: sh("silent"), ends: dies},
		{verb: "get", path: "/signal/segv", weight: 1, inject: signal("me", "SEGV"), ends: dies},
		{verb: "get", path: "/signal/kill", weight: 2, inject: signal("me", "KILL"), ends: dies},
		{verb: "get", path: "/signal/group", weight: 2, inject: signal("group", "KILL"), ends: dies},
		{verb: "get", path: "/signal/term", weight: 1, inject: signal("group", "TERM"), ends: dies},
		{
			verb: "get", path: "/report-on-exit", weight: 2, n: codes, inject: sh("report-exit"), op: keys{"onexit": "report"},
			ends: []string{answered}, check: isReport,
		},
		{
			verb: "get", path: "/late", weight: 2, inject: sh("late").and("timeout", "400ms").and("grace", "5s"),
			ends: []string{timedOut}, told: []int{410},
		},
		{verb: "get", path: "/stubborn", weight: 2, inject: sh("stubborn").and("timeout", "300ms").and("grace", "200ms"), ends: []string{timedOut}},
	}
}

// disputes are calls about whose answer there is more than one opinion.
func disputes() []*operation {
	ends := []string{answered}
	return []*operation{
		{verb: "get", path: "/twice", weight: 3, inject: sh("twice"), ends: ends, whole: says("one-%s"), spoilt: says("two-%s"), told: []int{409}},
		{verb: "get", path: "/race", weight: 3, inject: sh("race"), ends: ends, whole: says("race-%s"), told: []int{409}},
		// Who finds the id answers; if that is late for once, it was a timeout.
		{
			verb: "get", path: "/handover", weight: 3, inject: sh("handover").and("timeout", "5s"), op: keys{"onexit": "wait"},
			ends: []string{answered, timedOut}, whole: says("handover-%s"), told: []int{410},
		},
		{
			verb: "get", path: "/background", weight: 3, inject: sh("background"), ends: []string{answered, noAnswer},
			whole: says("background-%s"), told: []int{410}, loose: true,
		},
		{verb: "get", path: "/insist", weight: 1, inject: php("insist"), ends: ends, status: 202, whole: says("insist-%s"), check: hasToken, told: []int{400}},
		{verb: "get", path: "/oversize", weight: 1, inject: sh("oversize"), ends: ends, whole: says("oversize-%s"), spoilt: zeros, told: []int{413}},
		{
			verb: "get", path: "/checked", weight: 2, inject: sh("checked"), op: keys{"validateout": true}, ends: ends,
			whole: says(`{"token":"%s"}`), told: []int{422},
		},
	}
}

// strays leave processes or files behind, or prove that others did not.
func strays() []*operation {
	ends := []string{answered}
	alone := func(path string, queued int) *operation {
		return &operation{
			verb: "get", path: path, weight: 6, inject: sh("alone").env(fmt.Sprintf("LOCK=%d", queued)), op: keys{"running": 1, "queued": queued},
			ends: ends, whole: says("alone-%s"),
		}
	}
	return []*operation{
		{verb: "get", path: "/daemon", weight: 3, inject: sh("daemon"), op: keys{"running": 4}, ends: ends, whole: says("daemon-%s")},
		{verb: "get", path: "/storm", weight: 2, inject: sh("storm"), op: keys{"running": 2}, ends: ends, whole: says("storm-%s")},
		{
			verb: "get", path: "/flood", weight: 1, n: oneOf(70_000, 1_000_000), inject: sh("flood"), op: keys{"running": 4},
			ends: ends, whole: says("flood-%s"),
		},
		{verb: "get", path: "/closed", weight: 2, inject: sh("closed"), op: keys{"stats": true}, ends: ends, whole: says("closed-%s")},
		{verb: "get", path: "/litter", weight: 2, inject: sh("litter").and("tmpdir", "own"), ends: ends, whole: says("litter-%s")},
		alone("/alone/queued", 50),
		alone("/alone/at-once", 0),
	}
}

// ownReplies takes replies from its own processes alone, which only cgroups can tell.
func ownReplies() *operation {
	return &operation{
		verb: "get", path: "/own", weight: 2, inject: sh("own"), op: keys{"replyfrom": "process"},
		ends: []string{answered}, whole: says("own-%s"), told: []int{403, 409},
	}
}

// asAnother are scripts of another user, with limits; only root can start them.
func asAnother() []*operation {
	nobody := func(k keys) keys { return k.and("user", "nobody").and("umask", "0077").and("tmpdir", "own") }
	return []*operation{
		{
			verb: "get", path: "/nobody/litter", weight: 2, inject: nobody(sh("litter")), limits: keys{"nofile": 64, "fsize": 1 << 30},
			ends: []string{answered}, whole: says("litter-%s"),
		},
		{verb: "get", path: "/nobody/daemon", weight: 1, inject: nobody(sh("daemon")), op: keys{"running": 2}, ends: []string{answered}, whole: says("daemon-%s")},
		{
			verb: "post", path: "/nobody/echo", weight: 2, body: bodies, inject: nobody(sh("echo-file")).and("channel", "file").and("encoding", "raw").env("FILE={{payloadfile}}"),
			ends: []string{answered}, whole: echoes,
		},
	}
}
