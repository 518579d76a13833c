package conform

// processes are the trials of the process, what it starts and what it shares.
func processes() []trial {
	return []trial{
		{script: "random", calls: times(6), flags: together, needs: []string{"openssl", "sodium", "session"}},
		{script: "random-first", cmd: withArg("random-first"), calls: each("mt_rand", "mt_rand", "lcg_value", "lcg_value", "bytes", "bytes", "openssl", "openssl", "key", "key"), needs: []string{"openssl"}},
		{script: "children", calls: times(2)},
		{script: "forks", needs: []string{"posix", "pcntl"}},
		{script: "exec", cmd: withArg("exec"), keys: keys{"channel": "stdin"}, calls: withBody("its input\n", each("an argument")), needs: []string{"pcntl"}},
		{script: "identity", calls: times(2), needs: []string{"posix", "pcntl"}},
		{script: "identity", as: "identity-limited", flags: everywhere, keys: keys{"umask": "0027", "nofile": 64, "fsize": "1MiB"}, become: "umask=0027 nofile=64 fsize=1048576", needs: []string{"posix", "pcntl"}},
		{script: "identity", as: "identity-of-another", keys: keys{"user": "nobody"}, become: "privileges=1", flags: asUser | everywhere, needs: []string{"posix", "pcntl"}},
		{script: "signals", as: "signals-of-another", keys: keys{"user": "nobody"}, become: "privileges=1", flags: asUser, needs: []string{"posix", "pcntl"}},
		{script: "proc-self"},
		{script: "left-behind", needs: []string{"posix", "pcntl"}},
		{script: "flock", calls: times(8), flags: together},
		{script: "locks", needs: []string{"sysvsem", "sysvshm", "sysvmsg", "shmop"}},
		{script: "tmp"},
		{script: "tmp", as: "tmp-own", flags: everywhere, keys: keys{"tmpdir": "own"}, calls: times(2)},
		{script: "ffi", needs: []string{"FFI"}},
		{script: "sockets", needs: []string{"sockets", "curl"}},
	}
}

// surroundings are the trials of PHP's settings and of its libraries.
func surroundings() []trial {
	return []trial{
		{script: "php"},
		{script: "php", as: "php-by-path", cmd: []string{"/usr/bin/php", "php.php"}},
		{script: "ini"},
		{script: "ini", as: "ini-with-options", cmd: []string{"php", "-d", "memory_limit=99M", "-dprecision=5", "-d", "opcache.enable_cli=1", "-d", "html_errors=1", "ini.php"}},
		{script: "ini-change", cmd: []string{"php", "-d", "date.timezone=Asia/Tokyo", "-d", "user_agent=me; \"you\"", "-d", "my.own=1", "ini-change.php"}, calls: times(2)},
		{script: "modules", as: "ini-file", flags: everywhere, cmd: []string{"php", "-c", "@DIR@/own.ini", "modules.php"}, before: iniFile("11M"), calls: []call{{}, {before: iniFile("22M")}}},
		{script: "modules", as: "ini-none", flags: everywhere, cmd: []string{"php", "-n", "modules.php", "x"}, calls: times(2)},
		{script: "modules", as: "ini-of-the-environment", keys: keys{"env": []string{"PHPRC=@DIR@"}}, before: writing("php.ini", "memory_limit=33M\n")},
		{script: "modules", as: "ini-folder-of-the-environment", keys: keys{"env": []string{"PHP_INI_SCAN_DIR=:@DIR@/conf.d"}}, before: writing("conf.d/own.ini", "memory_limit=44M\nvariables_order=EGPCS\n")},
		{script: "memory-use", cmd: []string{"php", "memory-use.php"}, keys: keys{"env": []string{"USE_ZEND_ALLOC=0"}}},
		{script: "place", needs: []string{"iconv", "gettext"}},
		{script: "place", as: "place-given", cmd: []string{"php", "-d", "date.timezone=America/New_York", "place.php"}, keys: keys{"env": []string{"TZ=Europe/Berlin", "LC_ALL=POSIX", "LANG=C"}}, needs: []string{"iconv", "gettext"}},
		{script: "place", as: "place-by-the-call", flags: everywhere, keys: keys{"env": []string{"TZ={{query.a}}"}}, calls: each("Europe/Berlin", "UTC"), needs: []string{"iconv", "gettext"}},
		{script: "place", as: "locale-by-the-call", keys: keys{"env": []string{"LC_ALL={{query.a}}"}}, calls: each("C", "C.UTF-8"), needs: []string{"iconv", "gettext"}},
		{script: "session", cmd: []string{"php", "-d", "session.save_path=@DIR@", "session.php", "{{query.a}}"}, calls: each("first", "second", "last"), needs: []string{"session"}},
		{
			script: "session-auto", cmd: []string{"php", "-d", "session.auto_start=1", "-d", "session.save_path=@DIR@", "-d", "session.use_cookies=0", "-d", "session.use_only_cookies=0", "session-auto.php"},
			calls: times(3), needs: []string{"session"},
		},
		{
			script: "mail", cmd: []string{"php", "-d", "sendmail_path=@DIR@/sendmail", "mail.php"},
			before: executable("sendmail", "#!/bin/sh\necho \"sent with $*\" >mail.txt\nexec cat >>mail.txt\n"),
		},
		{script: "opcache", before: writing("part.php", "<?php return 1;"), calls: times(2), needs: []string{"Zend OPcache"}},
		{script: "opcache", as: "opcache-off", cmd: []string{"php", "-d", "opcache.enable_cli=0", "opcache.php"}, before: writing("part.php", "<?php return 1;"), calls: times(2), needs: []string{"Zend OPcache"}},
		{script: "opcache", as: "opcache-on", cmd: []string{"php", "-d", "opcache.enable_cli=1", "opcache.php"}, before: writing("part.php", "<?php return 1;"), needs: []string{"Zend OPcache"}},
	}
}

func iniFile(limit string) func(dir string) error {
	return func(dir string) error {
		return put(dir, "own.ini", "memory_limit="+limit+"\n")
	}
}

// replies are the trials of scripts that answer on the socket.
func replies() []trial {
	socket := keys{"reply": "socket"}
	return []trial{
		{script: "reply-curl", cmd: withArg("reply-curl"), keys: keys{"reply": "socket", "channel": "stdin"}, calls: withBody(`{"a":[1.5]}`, each("small", "big")), needs: []string{"curl"}},
		{script: "reply-curl", as: "reply-curl-of-the-process", flags: everywhere, cmd: withArg("reply-curl"), keys: keys{"reply": "socket", "channel": "stdin", "replyfrom": "process"}, calls: withBody(`{"a":[1.5]}`, each("small", "big")), needs: []string{"curl"}},
		{script: "reply-stream", cmd: withArg("reply-stream"), keys: keys{"reply": "socket"}, calls: each("über")},
		{script: "reply-helper", keys: keys{"reply": "socket", "channel": "stdin"}, calls: []call{{body: []byte(`{"a":1}`)}, {body: []byte("plain"), header: []string{"Content-Type: text/plain"}}, {body: []byte("not JSON")}}},
		{
			script: "reply-helper", as: "reply-helper-argument", flags: everywhere, cmd: []string{"php", "reply-helper.php", "{{jsonpayload}}"}, keys: keys{"reply": "socket", "encoding": "json"},
			calls: []call{{body: []byte(`{"a":1}`), header: []string{"Content-Type: application/json"}}, {}},
		},
		{script: "reply-child", keys: keys{"reply": "socket", "replyfrom": "process"}, needs: []string{"pcntl"}},
		{script: "reply-none", keys: socket},
		{script: "reply-dies", keys: socket},
	}
}

// trials are all of them.
func trials() (all []trial) {
	for _, some := range [][]trial{input(), code(), changes(), commands(), ends(), processes(), surroundings(), replies()} {
		all = append(all, some...)
	}
	return all
}
