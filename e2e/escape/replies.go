package escape

// replies are abuses of the socket.
var replies = []Row{
	{
		Slug: "replies-twice", Tries: "replies twice", Hurts: true,
		Operation: Operation{`tell('first', post('one')); tell('second', post('two'));`, Keys{"reply": "socket"}},
		On: same("the first is the answer, the second is told 409", func(a *Attempt) {
			a.begin("", "").want(200, "one")
			a.is("first", "200")
			a.is("second", "409")
		}),
	},
	{
		Slug: "guesses-an-id", Tries: "replies to ids that it guesses", Hurts: true,
		Operation: Operation{`
			await('victim');
			$id = file_get_contents(HERE . '/victim');
			$guesses = ['', '*', '%', '..', 'null', substr($id, 0, 35), $id . '0', strtoupper($id), $id . '%00', '00000000-0000-4000-8000-000000000000', strtr($id, '0123456789abcdef', '123456789abcdef0')];
			for ($n = 0; $n < 20; $n++) $guesses[] = vsprintf('%s%s-%s-4%s-8%s-%s%s%s', array_map(fn() => bin2hex(random_bytes(2)), range(1, 8)));
			foreach ($guesses as $guess) if (post('guessed', [], $guess) < 400) echo "$guess ";
			echo 'over';`, nil},
		Also: map[string]Operation{"victim": {`tell('victim', getenv('REQUEST_ID')); await('over'); post('mine');`, Keys{"reply": "socket"}}},
		On: same("400 or 404: an id has 122 random bits", func(a *Attempt) {
			victim := a.begin("victim", "")
			a.begin("", "").want(200, "over")
			a.tell("over")
			victim.want(200, "mine")
		}),
	},
	{
		Slug: "replies-for-another", Tries: "replies to the id of another call, which it knows", Hurts: true,
		Operation: Operation{`await('victim'); echo post('not yours', [], file_get_contents(HERE . '/victim'));`, nil},
		Also:      map[string]Operation{"victim": {`tell('victim', getenv('REQUEST_ID')); await('over');`, Keys{"reply": "socket", "replyfrom": "anyone"}}},
		On: same("with `replyfrom: anyone` it can: the id is what allows it", func(a *Attempt) {
			victim := a.begin("victim", "")
			a.begin("", "").want(200, "200")
			victim.want(200, "not yours")
			a.tell("over")
		}),
	},
	{
		Slug: "replies-for-another-process", Tries: "replies to such an id where `replyfrom: process` is set", Hurts: true,
		Operation: Operation{`await('victim'); echo post('not yours', [], file_get_contents(HERE . '/victim'));`, nil},
		Also: map[string]Operation{"victim": {`
			tell('victim', getenv('REQUEST_ID')); await('over');
			child(function () { posix_setsid(); post('mine'); }); pcntl_wait($status);`, Keys{"reply": "socket", "replyfrom": "process"}}},
		On: grouped("403; only a process of the call's own cgroup can", func(a *Attempt) {
			victim := a.begin("victim", "")
			a.begin("", "").want(200, "403")
			a.tell("over")
			victim.want(200, "mine")
		}, Cell{"start is refused: nothing would prove who replies", func(a *Attempt) {
			a.refused(Keys{"replyfrom": "process"})
		}}),
	},
	{
		Slug: "malformed-replies", Tries: "sends garbage to the socket", Hurts: true,
		Operation: Operation{`
			$id = getenv('REQUEST_ID');
			$garbage = ["\0\0\0\0\r\n\r\n", random_bytes(4096), "POST\r\n\r\n", "POST /urhttp/$id HTTP/9.9\r\n\r\n", "POST /urhttp/$id HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
				"POST /urhttp/$id HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nxx", "GET / HTTP/1.1\r\nHost: x\r\n" . str_repeat("A: b\r\n", 200000) . "\r\n",
				"POST /urhttp/$id HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "DELETE /urhttp/$id HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"];
			foreach ($garbage as $bytes) {
				$socket = dial(); fwrite($socket, $bytes); stream_socket_shutdown($socket, STREAM_SHUT_WR);
				$said = stream_get_contents($socket);
				if (preg_match('~^HTTP/1.1 2~', $said)) echo $said;
			}
			foreach ([['Urocket-Status: 999'], ['Urocket-Status: x'], ['Urocket-Header: Content-Length: 3'], ['Urocket-Header: no colon'], ["Urocket-Header: A: b\x01c"], ['Urocket-Header: urocket-stats: wall=0']] as $headers) {
				if (($status = post('x', $headers)) !== 400) echo "$headers[0]: $status ";
			}
			post('good');`, Keys{"reply": "socket"}},
		On: same("each is refused, and the call stays open for a good reply", answers("good")),
	},
	{
		Slug: "huge-reply", Tries: "sends a reply that is larger than `maxbody`", Hurts: true,
		Operation: Operation{`tell('huge', post(str_repeat('x', 2 << 20))); post('small');`, Keys{"reply": "socket"}},
		On: same("413, and the call stays open for a smaller one", func(a *Attempt) {
			a.begin("", "").want(200, "small")
			a.is("huge", "413")
		}),
	},
	{
		Slug: "endless-reply", Tries: "sends a reply that never ends", Hurts: true,
		Operation: Operation{`
			$socket = dial();
			fwrite($socket, 'POST /urhttp/' . getenv('REQUEST_ID') . " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
			deaf(); tell('pid', getmypid());
			while (true) { fwrite($socket, "1\r\nx\r\n"); usleep(50000); }`, Keys{"reply": "socket", "timeout": "@SHORT@"}},
		On: same("504 at `timeout`: a reply counts when it is whole", timesOut("pid")),
	},
	{
		Slug: "half-a-reply", Tries: "ends in the middle of its reply", Hurts: true,
		Operation: Operation{`
			$socket = dial();
			fwrite($socket, 'POST /urhttp/' . getenv('REQUEST_ID') . " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf");
			posix_kill(getmypid(), SIGKILL);`, Keys{"reply": "socket"}},
		On: same("502: a reply that breaks off is none", func(a *Attempt) { a.begin("", "").wantSignal("SIGKILL") }),
	},
	{
		Slug: "idle-connections", Tries: "opens hundreds of connections to the socket and says nothing", Hurts: true,
		Operation: Operation{`for ($n = 0; $n < 300 && ($all[] = dial()); $n++); tell('open', $n); await('over'); echo $n;`, nil},
		Also:      map[string]Operation{"other": {`post('served');`, Keys{"reply": "socket"}}},
		On: same("others are served meanwhile; they are closed with the process that holds them", func(a *Attempt) {
			c := a.begin("", "")
			a.is("open", "300")
			a.begin("other", "").want(200, "served")
			a.tell("over")
			c.want(200, "300")
		}),
	},
	{
		Slug: "asks-who-runs", Tries: "asks the socket for other calls and their ids, or to end one (/urprocs)", Hurts: true,
		Operation: Operation{`
			function status(string $path, string $verb = 'GET'): int {
				$socket = dial(); fwrite($socket, "$verb $path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
				return (int)substr(stream_get_contents($socket), 9, 3);
			}
			tell('mine', status('/urprocs/' . getenv('REQUEST_ID')));
			tell('end', status('/urprocs/' . getenv('REQUEST_ID'), 'DELETE'));
			child(function () { posix_setsid(); child(function () { tell('orphan', status('/urprocs')); }); });
			await('orphan'); echo status('/urprocs');`, nil},
		On: same("403 for whatever a call has started, root too", func(a *Attempt) {
			a.begin("", "").want(200, "403")
			a.is("mine", "403")
			a.is("end", "403")
			a.is("orphan", "403")
		}),
	},
}
