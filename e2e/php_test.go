package e2e

import (
	"path/filepath"
	"testing"
)

// PHP as it stands in crontabs: unmodified, with the reply at its end, and with
// the helper of scripts/php.
func TestPHP(t *testing.T) {
	t.Parallel()
	helper, err := filepath.Abs("../scripts/php/urocket.php")
	check(t, err)
	g := start(t, setup{
		files: map[string]string{
			"cron.php": `<?php
fwrite(STDERR, "noise\n");
echo json_encode(['in' => stream_get_contents(STDIN), 'env' => count($_ENV), 'id' => strlen(getenv('REQUEST_ID'))]);
`,
			"stream.php": `<?php
$s = stream_socket_client('unix://' . getenv('UROCKET_SOCKET'));
$body = json_encode(['got' => json_decode($argv[1], true)]);
fwrite($s, 'POST /urhttp/' . getenv('REQUEST_ID') . " HTTP/1.1\r\nHost: internal\r\nContent-Length: " . strlen($body) . "\r\nConnection: close\r\n\r\n$body");
stream_get_contents($s);
`,
			"helper.php": `<?php
require '` + helper + `';
urocket_reply(urocket_payload(), 201, ['Location' => '/made/7']);
`,
			"fatal.php": `<?php
require '` + helper + `';
undefined_function();
`,
		},
		ops: ops{
			"post /cron":   {"cmd": "php -d variables_order=GPCS cron.php", "channel": "stdin", "encoding": "raw", "reply": "stdout", "contenttype": "application/json"},
			"post /stream": {"cmd": "php stream.php {{jsonpayload}}"},
			"post /helper": {"cmd": "php helper.php", "channel": "stdin"},
			"post /fatal":  {"cmd": "php fatal.php"},
		},
	})
	t.Run("unmodified", func(t *testing.T) {
		t.Parallel()
		a := g.post(t, "/cron", "payload é", "Content-Type: text/plain").want(t, 200)
		wantSameJSON(t, string(a.body), `{"in":"payload é","env":0,"id":36}`)
	})
	t.Run("a stream socket", func(t *testing.T) {
		t.Parallel()
		g.post(t, "/stream", `{"a":["x",1.5]}`).want(t, 200, `{"got":{"a":["x",1.5]}}`)
	})
	t.Run("the helper", func(t *testing.T) {
		t.Parallel()
		if a := g.post(t, "/helper", `{"a":1}`).want(t, 201, `{"a":1}`); a.header.Get("Location") != "/made/7" {
			t.Errorf("headers %v", a.header)
		}
	})
	t.Run("a fatal error becomes an answer", func(t *testing.T) {
		t.Parallel()
		wantNoLeak(t, g, g.post(t, "/fatal", `{}`).want(t, 500))
	})
}
