package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A kind is how a script of a tool answers.
type kind struct {
	begin string // before the first byte of an answer
	twice string // a script that answers twice
	php   bool
}

const cgiHead = `printf 'Content-Type: text/plain\r\n\r\n'`

var (
	prints = kind{begin: ":", twice: "echo first; echo second"}
	cgi    = kind{begin: cgiHead, twice: cgiHead + "; echo first; " + cgiHead + "; echo second"}
	posts  = kind{begin: ":", twice: `for n in first second; do
  curl -s -o DIR/said -w '%{http_code}' --unix-socket "$UROCKET_SOCKET" -H 'Content-Type: text/plain' -d $n http://internal/urhttp/$REQUEST_ID >DIR/code
done
cp DIR/code DIR/told`}
	fpm = kind{php: true}
)

// phpScripts are the situations for who runs PHP and nothing else.
var phpScripts = map[string]string{
	"hangs":  `<?php exec('sleep $MARK >/dev/null 2>&1 &'); passthru('sleep $MARK');`,
	"daemon": `<?php echo "done\n"; flush(); exec('setsid sleep $MARK >/dev/null 2>&1 &');`,
	"floods": `<?php $b = str_repeat("\0", 65536); for ($i = 0; $i < 4096; $i++) { echo $b; }`,
	"memory": `<?php ini_set('memory_limit', '-1'); $b = str_repeat("x", 314572800); echo strlen($b);`,
	"twice":  `<?php echo "first\n"; echo "second\n";`,
}

// A tool is a column.
type tool struct {
	name    string
	kind    kind
	limit   string // how its time limit was set
	version func() string
	start   func(r *running, s situation, script string) (url string, err error)
}

// tools are those that are installed.
func tools(urocket, peers string) (of []tool) {
	find := func(name string) string {
		for _, d := range []string{peers, "", "/usr/sbin", "/usr/bin"} {
			if path, err := exec.LookPath(filepath.Join(d, name)); err == nil {
				path, _ = filepath.Abs(path)
				return path
			}
		}
		return ""
	}
	urocket, _ = filepath.Abs(urocket)
	of = append(of, tool{"urocket", prints, "timeout: 2s", func() string { return version(urocket, "version") }, startUrocket(urocket)})
	if p := find("shell2http"); p != "" {
		of = append(of, tool{"shell2http", prints, "-timeout 2", func() string { return version(p, "-version") }, startShell2http(p)})
	}
	if p := find("webhook"); p != "" {
		of = append(of, tool{"webhook", prints, "none to be had", func() string { return version(p, "-version") }, startWebhook(p)})
	}
	if p := find("of-watchdog"); p != "" {
		of = append(of, tool{"of-watchdog", prints, "exec_timeout=2s", func() string { return version(p, "--version") }, startWatchdog(p)})
	}
	nginx := find("nginx")
	if p := find("fcgiwrap"); p != "" && nginx != "" {
		of = append(of, tool{"fcgiwrap", cgi, "fastcgi_read_timeout 2s of nginx", func() string { return debian("fcgiwrap") }, startFcgiwrap(nginx, p)})
	}
	if p := find("php-fpm8.2"); p != "" && nginx != "" {
		of = append(of, tool{"php-fpm", fpm, "request_terminate_timeout = 2s", func() string { return version(p, "-v") }, startFPM(nginx, p)})
	}
	return of
}

// debian is the version of a package.
func debian(name string) string { return version("dpkg-query", "-W", "-f", "${Version}", name) }

func startUrocket(program string) func(*running, situation, string) (string, error) {
	return func(r *running, s situation, script string) (string, error) {
		reply, more := "stdout", ""
		if s.name == "twice" {
			reply = "socket"
			text := strings.NewReplacer("DIR", r.dir).Replace("#!/bin/sh\n" + posts.twice + "\n")
			if err := r.write("posts", text); err != nil {
				return "", err
			}
			script = "/bin/sh " + r.file("posts")
		}
		if s.name == "memory" {
			more = "\n      limits: {memory: 64MiB}"
		}
		err := errors.Join(r.write("openapi.yaml", "openapi: 3.0.3\ninfo: {title: t, version: \"1\"}\npaths: {}\n"),
			r.write("urocket-service.yaml", fmt.Sprintf(`servicename: compare
listen: %s
socketpath: %s
openapi: openapi.yaml
paths:
  /call:
    post:
      reply: %s
      inject: {cmd: %s, timeout: %v, grace: 500ms}%s
`, r.addr, r.file("s.sock"), reply, script, timeLimit, more)))
		if err != nil {
			return "", err
		}
		if out, err := exec.Command(program, "dry", "-c", r.file("urocket-service.yaml")).CombinedOutput(); err != nil && strings.Contains(string(out), "cannot hold") {
			r.refused = "with `limits: {memory: 64MiB}` it refuses to start on this machine, whose kernel gives cgroups no memory controller; " +
				"in the virtual machine of `make test`: 502 with `oom`, and nothing is left of it"
			return "", nil
		}
		return "http://" + r.addr + "/call", r.spawn(program, "run", "-c", r.file("urocket-service.yaml"))
	}
}

func startShell2http(program string) func(*running, situation, string) (string, error) {
	return func(r *running, _ situation, script string) (string, error) {
		return "http://" + r.addr + "/call", r.spawn(program, "-host", "127.0.0.1", "-port", r.port(), "-timeout", seconds(), "-shell", "", "/call", script)
	}
}

func startWebhook(program string) func(*running, situation, string) (string, error) {
	return func(r *running, _ situation, script string) (string, error) {
		hooks := fmt.Sprintf(`[{"id":"call","execute-command":%q,"include-command-output-in-response":true}]`, script)
		err := r.write("hooks.json", hooks)
		return "http://" + r.addr + "/hooks/call", errors.Join(err, r.spawn(program, "-hooks", "hooks.json", "-ip", "127.0.0.1", "-port", r.port()))
	}
}

func startWatchdog(program string) func(*running, situation, string) (string, error) {
	return func(r *running, _ situation, script string) (string, error) {
		return "http://" + r.addr + "/", r.spawn("/usr/bin/env", "mode=streaming", "port="+r.port(), "exec_timeout="+timeLimit.String(), "write_timeout=60s",
			"suppress_lock=true", "fprocess="+script, program)
	}
}

// nginxConf is one server that hands everything to a FastCGI socket.
func nginxConf(r *running, script string) error {
	return r.write("nginx.conf", fmt.Sprintf(`daemon off;
user root;
pid nginx.pid;
error_log error.log crit;
events { worker_connections 64; }
http {
    access_log off;
    fastcgi_max_temp_file_size 0;
    client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    server {
        listen %s;
        location / {
            fastcgi_pass unix:%s;
            fastcgi_read_timeout %ds;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param SCRIPT_FILENAME %s;
        }
    }
}
`, r.addr, r.file("sock"), int(timeLimit/time.Second), script))
}

func startFcgiwrap(nginx, program string) func(*running, situation, string) (string, error) {
	return func(r *running, _ situation, script string) (string, error) {
		return "http://" + r.addr + "/", errors.Join(nginxConf(r, script), r.spawn(program, "-c", "4", "-s", "unix:"+r.file("sock")),
			r.spawn(nginx, "-p", r.dir, "-c", "nginx.conf", "-e", r.file("error.log")))
	}
}

func startFPM(nginx, program string) func(*running, situation, string) (string, error) {
	return func(r *running, _ situation, script string) (string, error) {
		conf := fmt.Sprintf(`[global]
error_log = %s
daemonize = no
[www]
user = root
listen = %s
pm = static
pm.max_children = 2
request_terminate_timeout = %ss
php_admin_value[max_execution_time] = 0
`, r.file("fpm.log"), r.file("sock"), seconds())
		return "http://" + r.addr + "/", errors.Join(nginxConf(r, script), r.write("fpm.conf", conf),
			r.spawn(program, "-R", "-F", "-y", r.file("fpm.conf")), r.spawn(nginx, "-p", r.dir, "-c", "nginx.conf", "-e", r.file("error.log")))
	}
}
