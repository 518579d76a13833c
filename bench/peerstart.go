package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// How each peer is started: its own defaults, but for logs of requests, which are
// off, and for how many may run at once, which is not bounded where there is a choice.

func startLighttpd(p peer, s *site, tools string) (string, error) {
	conf := fmt.Sprintf(`server.modules = ("mod_cgi")
server.document-root = "%s"
server.bind = "127.0.0.1"
server.port = %d
server.max-keep-alive-requests = 1000000
server.errorlog = "%s"
cgi.assign = ("/child-cgi" => "")
`, tools, s.port, s.file("error.log"))
	if err := s.write("lighttpd.conf", conf); err != nil {
		return "", err
	}
	return "http://" + s.addr() + "/child-cgi", s.start(p.programs[0], "-D", "-f", "lighttpd.conf")
}

func startFcgiwrap(p peer, s *site, tools string) (string, error) {
	if err := writeNginx(s, filepath.Join(tools, "child-cgi")); err != nil {
		return "", err
	}
	err := s.start(p.programs[1], "-c", "16", "-s", "unix:"+s.file("sock"))
	return "http://" + s.addr() + "/", errors.Join(err, s.start(p.programs[0], "-p", s.dir, "-c", "nginx.conf", "-e", s.file("error.log")))
}

// writeNginx writes the configuration of an nginx that hands every request to one script
// behind a FastCGI socket.
func writeNginx(s *site, script string) error {
	return s.write("nginx.conf", fmt.Sprintf(`daemon off;
user root;
worker_processes auto;
pid nginx.pid;
error_log error.log crit;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 10000000;
    client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    server {
        listen %s;
        location / {
            fastcgi_pass unix:%s;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param REDIRECT_STATUS 200;
            fastcgi_param SCRIPT_FILENAME %s;
        }
    }
}
`, s.addr(), s.file("sock"), script))
}

func startGoCGI(_ peer, s *site, tools string) (string, error) {
	return "http://" + s.addr() + "/", s.startSelf("cgi", s.addr(), filepath.Join(tools, "child-cgi"))
}

func startShell2http(p peer, s *site, tools string) (string, error) {
	return "http://" + s.addr() + "/call", s.start(p.programs[0], "-host", "127.0.0.1", "-port", strconv.Itoa(s.port),
		"-no-index", "-no-log-timestamp", "-log", os.DevNull, "-shell", "", "/call", filepath.Join(tools, "child-print"))
}

func startWebhook(p peer, s *site, tools string) (string, error) {
	hooks := fmt.Sprintf(`[{"id":"call","execute-command":%q,"include-command-output-in-response":true}]`, filepath.Join(tools, "child-print"))
	if err := s.write("hooks.json", hooks); err != nil {
		return "", err
	}
	return "http://" + s.addr() + "/hooks/call", s.start(p.programs[0], "-hooks", "hooks.json", "-ip", "127.0.0.1", "-port", strconv.Itoa(s.port))
}

func startWatchdog(p peer, s *site, tools string) (string, error) {
	return "http://" + s.addr() + "/", s.start("/usr/bin/env", "mode=streaming", "port="+strconv.Itoa(s.port), "suppress_lock=true", "healthcheck_interval=1s",
		"prefix_logs=false", "fprocess="+filepath.Join(tools, "child-print"), p.programs[0])
}

func startApache(p peer, s *site, tools string) (string, error) {
	conf := fmt.Sprintf(`ServerRoot %[1]s
ServerName localhost
PidFile %[1]s/apache.pid
Listen %[2]s
User www-data
Group www-data
ErrorLog %[1]s/error.log
LogLevel crit
MaxKeepAliveRequests 0
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so
ScriptSock %[1]s/cgid.sock
ScriptAlias /call %[3]s
<Directory %[4]s>
  Require all granted
</Directory>
`, s.dir, s.addr(), filepath.Join(tools, "child-cgi"), tools)
	if err := s.write("apache.conf", conf); err != nil {
		return "", err
	}
	return "http://" + s.addr() + "/call", s.start(p.programs[0], "-f", s.file("apache.conf"), "-DFOREGROUND")
}
