package escape

import "strings"

// floods are more output than anybody wants.
var floods = []Row{
	{
		Slug: "output-flood", Tries: "writes to stdout and stderr without end", Hurts: true, Alone: true,
		Operation: Operation{`
			$much = str_repeat('x', 1 << 20);
			for ($n = 0; $n < 40; $n++) { fwrite(STDOUT, $much); fwrite(STDERR, $much); }
			post('done');`, Keys{"reply": "socket"}},
		On: same("it is read and dropped, in bounded memory, and neither blocks nor answers", bounded(func(a *Attempt) { a.begin("", "").want(200, "done") })),
	},
	{
		Slug: "endless-line", Tries: "writes a line without end where lines are logged", Hurts: true, Alone: true,
		Operation: Operation{`for ($n = 0; $n < 64; $n++) fwrite(STDERR, str_repeat('y', 1 << 18)); post('done');`, Keys{"reply": "socket", "logstdout": true}},
		On: same("the log has its first 8 KiB", bounded(func(a *Attempt) {
			a.begin("", "").want(200, "done")
			a.until("the line is logged", func() bool { return strings.Contains(a.Logged(), "yyyy") })
			if n := strings.Count(a.Logged(), "y"); n > 16<<10 {
				a.Errorf("%d bytes of it are in the log", n)
			}
		})),
	},
	{
		Slug: "forged-log", Tries: "writes what reads as lines of urocket's log, and control characters for the terminal", Hurts: true,
		Operation: Operation{`fwrite(STDERR, "forged\r{\"level\":\"ERROR\",\"msg\":\"forged-1\"}\x1b[2J\x07\x7f\xff\n{\"msg\":\"forged-2\"}\n"); post('done');`, Keys{"reply": "socket", "logstdout": true}},
		On: same("each line is quoted, and stands in a line of urocket's own", func(a *Attempt) {
			a.begin("", "").want(200, "done")
			a.until("it is logged", func() bool { return contains(a.Logged(), "forged-1", "forged-2") })
			for line := range strings.Lines(a.Logged()) {
				if strings.HasPrefix(line, `{"level"`) || strings.HasPrefix(line, `{"msg"`) || strings.ContainsAny(line, "\x1b\x07\r\x7f") {
					a.Errorf("the log has the line %q", line)
				}
			}
		}),
	},
	{
		Slug: "streamed-flood", Tries: "writes an answer without end", Hurts: true, Alone: true,
		Operation: Operation{`tell('pid', getmypid()); while (true) echo str_repeat('x', 1 << 16), usleep(20000);`, short},
		On: same("it is streamed, and broken off at `timeout`: no clean end", bounded(func(a *Attempt) {
			if got := <-a.begun("", "pid").answer; got.status != 200 || got.err == nil {
				a.Errorf("status %d and a body that ends well: %v", got.status, got.err)
			}
			a.gone("pid")
		})),
	},
}

// bounded does a check that must not cost urocket 32 MiB of memory, besides the 32 MiB
// of garbage that its collector lets lie.
func bounded(holds func(*Attempt)) func(*Attempt) {
	return func(a *Attempt) {
		before := peak(a.PID())
		holds(a)
		if after := peak(a.PID()); after-before > 64<<20 {
			a.Errorf("the peak of urocket's memory went from %d to %d MiB", before>>20, after>>20)
		}
	}
}
