//go:build conformance

package conform

// ends are the trials of how a script ends, and of what it says.
func ends() []trial {
	return []trial{
		{script: "exit-code", cmd: withArg("exit-code"), keys: keys{"options": "allow"}, calls: each("0", "3", "255", "256", "300", "-1", "text\n", "")},
		{script: "ending", cmd: withArg("ending"), calls: each(
			"return", "exit without a word", "exit in shutdown", "throw in shutdown", "fatal in shutdown", "exit in a destructor", "throw in a destructor",
			"exit in an include", "exit in an output callback", "exit in a generator", "exit in a handler", "handled exception", "handler that exits", "handler that throws", "exit in a sort",
			"user error", "type error", "match", "parse error in an include", "compile error in an include", "missing require", "nothing special",
		)},
		{script: "ending", as: "ending-shown", cmd: []string{"php", "-d", "display_errors=1", "-d", "log_errors=0", "-d", "html_errors=1", "ending.php", "{{query.a}}"}, calls: each("throw in shutdown", "handler that throws", "parse error in an include")},
		{script: "uncaught"},
		{script: "uncaught", as: "uncaught-with-arguments", cmd: []string{"php", "-d", "zend.exception_ignore_args=0", "-d", "display_errors=stderr", "uncaught.php"}},
		{script: "fatal"},
		{script: "parse-error"},
		{script: "compile-error"},
		{script: "memory", cmd: withArg("memory"), keys: keys{"options": "allow"}, calls: each("16M", "-1")},
		{script: "memory", as: "memory-of-the-command", cmd: []string{"php", "-d", "memory_limit=32M", "memory.php"}},
		{script: "time-limit", cmd: []string{"php", "-d", "max_execution_time=1", "time-limit.php"}},
		{script: "time-limit", as: "time-limit-of-the-script", cmd: withArg("time-limit"), calls: each("1")},
		{script: "term", cmd: withArg("term"), calls: each("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGPIPE", "SIGKILL", "SIGABRT", "SIGPROF"), needs: []string{"posix", "pcntl"}},
		{script: "term-handler", needs: []string{"posix", "pcntl"}},
		{script: "stopped", stop: true, keys: keys{"grace": "20s"}, needs: []string{"pcntl"}},
		{script: "signals", needs: []string{"posix", "pcntl"}},
		{script: "segv"},
		{script: "recursion"},
		{script: "alarm", needs: []string{"pcntl"}},
		{script: "shutdown-order"},
		{script: "ob"},
		{script: "buffered", cmd: []string{"php", "-d", "output_buffering=4096", "-d", "implicit_flush=0", "buffered.php"}, calls: times(2)},
		{script: "streams", keys: keys{"channel": "stdin"}, calls: []call{{body: []byte("a body")}, {body: nil}, {body: noise(400_000)}}, needs: []string{"posix"}},
		{script: "streams", as: "streams-without-input", flags: everywhere, needs: []string{"posix"}},
		{script: "output-large", keys: keys{"reply": "stdout", "contenttype": "application/octet-stream"}},
		{script: "output-abort"},
		{script: "headers"},
		{script: "errors"},
		{script: "errors", as: "errors-shown", cmd: []string{"php", "-d", "display_errors=1", "-d", "error_reporting=-1", "errors.php"}},
		{script: "errors-to-file", cmd: []string{"php", "-d", "error_log=@DIR@/errors.log", "errors-to-file.php"}, calls: times(2)},
		{script: "errors-to-file", as: "errors-to-file-beside", cmd: []string{"php", "-d", "error_log=errors.log", "errors-to-file.php"}},
		{script: "assert"},
		{script: "assert", as: "assert-on", cmd: []string{"php", "-d", "zend.assertions=1", "assert.php"}},
		{script: "assert", as: "assert-warns", cmd: []string{"php", "-d", "zend.assertions=1", "-d", "assert.exception=0", "assert.php"}},
	}
}
