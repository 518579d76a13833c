package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

// openWorkers starts the example of workers.
func openWorkers(t *testing.T) *shop {
	t.Helper()
	t.Setenv("PATH", "/usr/local/bin:/usr/bin:/bin")
	for _, program := range []string{"python3", "perl"} {
		if _, err := exec.LookPath(program); err != nil {
			notrun.Here(t, "no "+program)
		}
	}
	s := &shop{dir: t.TempDir(), tmp: t.TempDir(), public: freeAddress(t), log: &log{}}
	s.socket = filepath.Join(s.dir, "u.sock")
	for _, sub := range []string{"examples", "scripts"} {
		check(t, os.CopyFS(filepath.Join(s.dir, sub), os.DirFS(filepath.Join("..", sub))))
	}
	config := filepath.Join(s.dir, "examples", "workers", "urocket-service.yaml")
	text, err := os.ReadFile(config)
	check(t, err)
	here := strings.NewReplacer("127.0.0.1:8082", s.public, "/tmp/urocket-workers.sock", s.socket, "boottimeout: 5s", "boottimeout: 30s").Replace(string(text))
	check(t, os.WriteFile(config, []byte(here), 0o600))
	s.serve(t, config)
	return s
}

// The same protocol in three languages: what each answers, and what becomes of its errors.
func TestWorkersInThreeLanguages(t *testing.T) {
	s := openWorkers(t)
	at := "http://" + s.public
	for _, c := range []struct {
		name   string
		header string
		args   []string
		want   string
	}{
		{"PHP", "urocket-stats", []string{at + "/greeting/grace?times=2"}, `200 application/json wall=.*\n\{"greeting":"Hello, grace! Hello, grace!","served":1\}`},
		{"PHP, by the same worker", "", []string{at + "/greeting/ada"}, `200 application/json \n\{"greeting":"Hello, ada!","served":2\}`},
		{"PHP, with a status of its own", "", []string{at + "/greeting/nobody"}, `404 application/problem\+json \n\{"title":"there is nobody","status":404\}`},
		{"PHP, held against the document", "", []string{at + "/greeting/ada?times=11"}, `400 application/problem\+json \n\{.*"urn:urocket:validation".*`},
		{"Python", "", []string{"-H", "Content-Type: text/plain", "-d", "A rose is a rose", at + "/words"}, `200 application/json \n\{"a": 2, "rose": 2, "is": 1\}`},
		{"Python, with an exception", "", []string{"-H", "Content-Type: text/plain", "-d", "a\xff", at + "/words"}, `(400|500) application/problem\+json \n\{.*"urn:urocket:(failed|validation)".*`},
		{"Perl", "", []string{at + "/rot13/Uryyb%20W%C3%B6rld"}, `200 text/plain; charset=utf-8 \nHello Jöeyq`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.ask(t, c.header, c.args...); !regexp.MustCompile(`^(?s:` + c.want + `)\s*$`).MatchString(got) {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
	big := filepath.Join(s.dir, "big")
	check(t, os.WriteFile(big, []byte(strings.Repeat("lorem ipsum ", 200_000)), 0o600))
	for range 3 {
		if got := s.ask(t, "", "-H", "Content-Type: text/plain", "-T", big, "-X", "POST", at+"/words"); !strings.Contains(got, `{"lorem": 200000, "ipsum": 200000}`) {
			t.Errorf("%.300s", got)
		}
	}
}

// Every key of workers is described, and what the map says is what is understood.
func TestWorkersDryAndParse(t *testing.T) {
	t.Setenv("PATH", "/usr/local/bin:/usr/bin:/bin")
	docs, err := os.ReadFile("../docs/worker.md")
	check(t, err)
	for _, command := range []string{"dry", "parse"} {
		cmd := exec.CommandContext(t.Context(), program, command, "-c", "workers/urocket-service.yaml")
		out, err := cmd.Output()
		check(t, err)
		if command == "dry" {
			if !strings.Contains(string(out), "1 to 4 workers, each for one request at a time, for 2s at most: php greeting.php") {
				t.Errorf("%s", out)
			}
			continue
		}
		_, rest, _ := strings.Cut(string(out), "worker:\n")
		for _, key := range []string{"min: 1", "max: 4", "maxrequests: 500", "maxage: 1h", "maxmemory: 64MiB", "boottimeout: 5s"} {
			name, _, _ := strings.Cut(key, ":")
			if !strings.Contains(rest, key+"\n") || !strings.Contains(string(docs), "| `"+name+"` |") {
				t.Errorf("%s is not printed, or %s not described:\n%s", key, name, rest)
			}
		}
	}
}
