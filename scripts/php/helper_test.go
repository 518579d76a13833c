package php_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestReply(t *testing.T) {
	cases := map[string]struct {
		call   string // arguments of urocket_reply
		status string
		ctype  string
		header []string
		body   string
	}{
		"array":    {`["a" => 1, "u" => "/é"]`, "200", "application/json", nil, `{"a":1,"u":"/é"}`},
		"list":     {`[]`, "200", "application/json", nil, `[]`},
		"number":   {`7`, "200", "application/json", nil, `7`},
		"object":   {`new ArrayObject(["x" => true])`, "200", "application/json", nil, `{"x":true}`},
		"string":   {`'{"as":"it is"}'`, "200", "application/json", nil, `{"as":"it is"}`},
		"text":     {`"a,b\n", 200, ["content-type" => "text/csv"]`, "200", "text/csv", nil, "a,b\n"},
		"created":  {`["id" => 7], 201, ["Location" => "/pets/7"]`, "201", "application/json", []string{"Location: /pets/7"}, `{"id":7}`},
		"repeated": {`[], 200, ["Link" => ["</a>", "</b>"]]`, "200", "application/json", []string{"Link: </a>", "Link: </b>"}, `[]`},
		"lines":    {`[], 200, ["X-A: 1", "Content-Type: application/ld+json"]`, "200", "application/ld+json", []string{"X-A: 1"}, `[]`},
		"nothing":  {`null, 204`, "204", "", nil, ""},
		"bytes":    {`"\x00\xff\r\n", 200, ["Content-Type" => "application/octet-stream"]`, "200", "application/octet-stream", nil, "\x00\xff\r\n"},
	}
	eachPHP(t, func(t *testing.T, php []string) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				g := newGateway(t, nil)
				r := code(php, "urocket_reply("+c.call+");", g.env()).run(t)
				if r.code != 0 || r.stdout != "" || r.stderr != "" {
					t.Fatalf("exit %d, stdout %q, stderr %q", r.code, r.stdout, r.stderr)
				}
				p := g.only(t)
				got := fmt.Sprint(p.path, "|", p.header.Get("Urocket-Status"), "|", p.header.Get("Content-Type"), "|", p.header.Values("Urocket-Header"), "|", p.body)
				want := fmt.Sprint("POST /urhttp/"+requestID, "|", c.status, "|", c.ctype, "|", c.header, "|", c.body)
				if got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				if len(p.header.Values("Expect")) != 0 {
					t.Error("an Expect header costs a second where nobody answers it")
				}
			})
		}
	})
}

func TestLargeReply(t *testing.T) {
	eachPHP(t, func(t *testing.T, php []string) {
		g := newGateway(t, nil)
		r := code(php, `urocket_reply(str_repeat("0123456789", 300000));`, g.env()).run(t)
		p := g.only(t)
		if r.code != 0 || len(p.body) != 3_000_000 || len(p.header.Values("Expect")) != 0 {
			t.Fatalf("exit %d %s, %d bytes, Expect %q", r.code, r.stderr, len(p.body), p.header.Values("Expect"))
		}
	})
}

// A refusal reaches the script as an exception that has urocket's own words and status.
func TestRefusedReply(t *testing.T) {
	long := strings.Repeat("why not? ", 1000) // Go sends it in chunks
	refuse := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusGone)
		_, _ = io.WriteString(w, "timeout: "+long+"end")
	}
	eachPHP(t, func(t *testing.T, php []string) {
		g := newGateway(t, refuse)
		r := code(php, `try { urocket_reply([]); } catch (UrocketException $e) { echo $e->getCode(), " ", $e->getMessage(); }`, g.env()).run(t)
		if want := "410 urocket refused the reply: 410 timeout: " + long + "end"; r.stdout != want {
			t.Errorf("got %.300q, %d bytes of %d\n%s", r.stdout, len(r.stdout), len(want), r.stderr)
		}
	})
}

// A refusal that comes before the body was read is read all the same.
func TestRefusedWhileSending(t *testing.T) {
	eachPHP(t, func(t *testing.T, php []string) {
		socket := refuseEarly(t)
		env := []string{"REQUEST_ID=" + requestID, "UROCKET_SOCKET=" + socket}
		r := code(php, `try { urocket_reply(str_repeat("x", 20 << 20)); } catch (UrocketException $e) { echo $e->getMessage(); }`, env).run(t)
		if r.stdout != "urocket refused the reply: 413 too large" || r.stderr != "" {
			t.Errorf("stdout %q, stderr %q", r.stdout, r.stderr)
		}
	})
}

func TestUnreachable(t *testing.T) {
	cases := map[string]struct {
		env  []string
		want string
	}{
		"no socket there": {[]string{"REQUEST_ID=" + requestID, "UROCKET_SOCKET=/nonexistent/u.sock"}, "/nonexistent/u.sock"},
		"no variable":     {[]string{"REQUEST_ID=" + requestID}, "UROCKET_SOCKET is not"},
		"silent":          {[]string{"REQUEST_ID=" + requestID, "UROCKET_SOCKET=" + silent(t)}, "no answer"},
	}
	eachPHP(t, func(t *testing.T, php []string) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				body := `ini_set("default_socket_timeout", "1"); try { urocket_reply([]); } catch (UrocketException $e) { echo $e->getCode(), $e->getMessage(); }`
				r := code(php, body, c.env).run(t)
				if !strings.HasPrefix(r.stdout, "0urocket: ") || !strings.Contains(r.stdout, c.want) || r.stderr != "" {
					t.Errorf("stdout %q, stderr %q, want %q in it", r.stdout, r.stderr, c.want)
				}
			})
		}
	})
}

func TestHeaderInjectionIsRefused(t *testing.T) {
	eachPHP(t, func(t *testing.T, php []string) {
		g := newGateway(t, nil)
		body := `try { urocket_reply([], 200, ["Location" => "/x\r\nUrocket-Status: 500"]); } catch (InvalidArgumentException $e) { echo "refused"; }`
		r := code(php, body, g.env()).run(t)
		if r.stdout != "refused" || len(g.posts) != 0 {
			t.Errorf("stdout %q, posts %v", r.stdout, g.posts)
		}
	})
}

// From cron there is no request: the answer is printed, and a failure is PHP's own affair.
func TestPlainCron(t *testing.T) {
	eachPHP(t, func(t *testing.T, php []string) {
		for call, want := range map[string]string{
			`["a" => 1]`:             "{\"a\":1}\n",
			`"two\nlines\n"`:         "two\nlines\n",
			`null, 204`:              "",
			`"x", 500, ["A" => "b"]`: "x\n",
		} {
			r := code(php, "urocket_reply("+call+");", nil).run(t)
			if r.stdout != want || r.stderr != "" || r.code != 0 {
				t.Errorf("%s: stdout %q, stderr %q, exit %d", call, r.stdout, r.stderr, r.code)
			}
		}
		r := code(php, `throw new Exception("why");`, nil).run(t)
		if r.code != 255 || !strings.Contains(r.stdout+r.stderr, "why") {
			t.Errorf("exit %d, stdout %q, stderr %q", r.code, r.stdout, r.stderr)
		}
	})
}

// Whatever the script dies of, its caller gets one 500 without the reason, and the log gets the reason.
func TestFatalErrorIsAnswered(t *testing.T) {
	cases := map[string]struct{ body, reason string }{
		"exception": {`throw new RuntimeException("the secret reason");`, "the secret reason"},
		"undefined": {`the_secret_function();`, "the_secret_function"},
		"memory":    {`ini_set("memory_limit", "8M"); $x = []; while (true) { $x[] = str_repeat("secret", 1000); }`, "memory size"},
		"time":      {`set_time_limit(1); while (true) { hash("sha256", "secret"); }`, "execution time"},
		"error":     {`trigger_error("secret trouble", E_USER_ERROR);`, "secret trouble"},
		"not JSON":  {`urocket_reply(["secret" => "\xff"]);`, "UTF-8"},
	}
	eachPHP(t, func(t *testing.T, php []string) {
		for _, display := range []string{"0", "1"} {
			for name, c := range cases {
				t.Run(name+display, func(t *testing.T) {
					g := newGateway(t, nil)
					with := append(append([]string{}, php...), "-d", "display_errors=0", "-d", "log_errors="+display)
					r := code(with, c.body, g.env()).run(t)
					checkFailure(t, g.only(t))
					if r.code != 255 || strings.Count(strings.ToLower(r.stderr), strings.ToLower(c.reason)) != 1 {
						t.Errorf("exit %d, stderr %q, want %q once", r.code, r.stderr, c.reason)
					}
				})
			}
		}
	})
}

func checkFailure(t *testing.T, p post) {
	t.Helper()
	var problem struct {
		Title, Detail string
		Status        int
		RequestID     string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(p.body), &problem); err != nil {
		t.Fatalf("%q: %v", p.body, err)
	}
	if problem.Status != 500 || problem.RequestID != requestID || p.header.Get("Urocket-Status") != "500" || p.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %v %s", p.header, p.body)
	}
	if strings.Contains(strings.ToLower(p.body), "secret") || strings.Contains(p.body, "/") && !strings.Contains(p.body, "about:blank") {
		t.Errorf("the answer gives the reason away: %s", p.body)
	}
}

// What has been answered, what ends without an answer, and what a forked child dies of is not answered here.
func TestNoSecondAnswer(t *testing.T) {
	eachPHP(t, func(t *testing.T, php []string) {
		g := newGateway(t, nil)
		if r := code(php, `urocket_reply(["first" => 1]); throw new Exception("late");`, g.env()).run(t); r.code != 255 {
			t.Errorf("exit %d", r.code)
		}
		if p := g.only(t); p.body != `{"first":1}` {
			t.Errorf("got %s", p.body)
		}
		child := newGateway(t, nil)
		fork := `if (pcntl_fork() === 0) { throw new Exception("child"); } pcntl_wait($status); urocket_reply(["parent" => 1]);`
		code(php, fork, child.env()).run(t)
		if p := child.only(t); p.body != `{"parent":1}` {
			t.Errorf("got %s", p.body)
		}
		quiet := newGateway(t, nil)
		if r := code(php, `exit(3);`, quiet.env()).run(t); r.code != 3 || len(quiet.posts) != 0 {
			t.Errorf("exit %d, posts %v", r.code, quiet.posts)
		}
	})
}

func TestPayload(t *testing.T) {
	const show = `require "urocket.php"; echo var_export(urocket_payload(), true), var_export(urocket_payload(), true);`
	cases := map[string]struct {
		stdin string
		arg   string
		ctype string
		want  string // as var_export writes it, without blanks
	}{
		"stdin":            {`{"a":[1,"é"]}`, "", "application/json", `array('a'=>array(0=>1,1=>'é',),)`},
		"argument":         {"", `{"petId":7}`, "application/json", `array('petId'=>7,)`},
		"no type":          {"", `{"petId":7}`, "", `array('petId'=>7,)`},
		"suffix":           {`{"a":1}`, "", "application/ld+json; charset=utf-8", `array('a'=>1,)`},
		"text":             {"{not json", "", "text/plain", `'{notjson'`},
		"stdin goes first": {`{"a":1}`, "--verbose", "application/json", `array('a'=>1,)`},
		"big number":       {`[12345678901234567890]`, "", "application/json", `array(0=>'12345678901234567890',)`},
		"none":             {"", "", "application/json", `NULL`},
	}
	eachPHP(t, func(t *testing.T, php []string) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				args := append(append([]string{}, php...), "-r", show)
				if c.arg != "" {
					args = append(args, "--", c.arg)
				}
				r := script{args: args, env: []string{"CONTENT_TYPE=" + c.ctype}, stdin: c.stdin}.run(t)
				got := strings.Join(strings.Fields(r.stdout), "")
				if got != c.want+c.want || r.stderr != "" {
					t.Errorf("got %s, stderr %q, want %s twice", got, r.stderr, c.want)
				}
			})
		}
		t.Run("an empty body is not an argument", func(t *testing.T) {
			args := append(append([]string{}, php...), "-r", show, "--", "--verbose")
			if r := (script{args: args, stdinEmpty: true}).run(t); r.stdout != "NULLNULL" {
				t.Errorf("got %q", r.stdout)
			}
		})
		t.Run("broken JSON", func(t *testing.T) {
			body := `try { urocket_payload(); } catch (JsonException $e) { echo $e->getMessage(); }`
			s := code(php, body, nil)
			s.stdin = `{"a":`
			if r := s.run(t); r.stdout != "the payload (standard input) is not JSON: Syntax error" {
				t.Errorf("got %q", r.stdout)
			}
		})
	})
}
