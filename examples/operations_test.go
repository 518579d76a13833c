package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// ask calls an operation with curl and returns status, content type, the named header's value and body, one a line.
func (s *shop) ask(t *testing.T, header string, args ...string) string {
	t.Helper()
	if header == "" {
		header = "x-none"
	}
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = "'" + a + "'"
	}
	return s.sh(t, `curl -sS -o body -w '%{http_code} %{content_type} %header{`+header+`}\n' `+strings.Join(quoted, " ")+`; cat body`)
}

// Every operation of the example, in this order, on a shop that nobody has ordered from.
func TestOperations(t *testing.T) {
	const at = "http://" + publicAddr
	cases := []struct {
		name   string
		header string // shown after the content type
		args   []string
		want   string // a regular expression for the whole answer
	}{
		{
			"a cron script answers with what it prints", "",
			[]string{at + "/report/access"},
			`200 text/plain \n96 requests from 10 addresses, 746,687 bytes\n.*`,
		},
		{
			"a cron script with five lines of curl", "urocket-stats",
			[]string{at + "/store/inventory"},
			`200 application/json wall=[0-9.]+, .*(exit=0|partial).*\n\{"available":8,"pending":2,"sold":2\}`,
		},
		{
			"with the base path", "",
			[]string{at + "/v1/store/inventory"},
			`200 application/json \n\{"available":8,"pending":2,"sold":2\}`,
		},
		{
			"parameters as payload", "",
			[]string{at + "/pet/findByStatus?status=pending"},
			`200 application/json \n\[\{"id":5,.*\},\{"id":10,.*\}\]`,
		},
		{"no parameter", "", []string{at + "/pet/findByStatus"}, `200 application/json \n\[\{"id":1,.*\]`},
		{"a parameter that the document lacks", "", []string{at + "/pet/findByStatus?status=new"}, `400 application/problem\+json \n\{.*"urn:urocket:validation".*`},
		{"typed path value", "", []string{at + "/pet/7"}, `200 application/json \n\{"id":7,"name":"Luna",.*\}`},
		{"the script's own 404, validated", "", []string{at + "/pet/99"}, `404 application/problem\+json \n\{"title":"no such pet","status":404\}`},
		{"a path value of the wrong type", "", []string{at + "/pet/rex"}, `400 application/problem\+json \n\{.*"urn:urocket:validation".*`},
		{
			"an order", "location",
			[]string{"-H", "Content-Type: application/json", "-d", `{"petId":7,"quantity":1}`, at + "/store/order"},
			`201 application/json /store/order/1\n\{"id":1,"petId":7,"quantity":1,"status":"placed"\}`,
		},
		{"the order", "", []string{at + "/store/order/1"}, `200 application/json \n\{"id":1,"petId":7,"quantity":1,"status":"placed"\}`},
		{
			"an order with curl's own type", "location",
			[]string{"-d", `{"petId":12}`, at + "/store/order"},
			`201 application/json /store/order/2\n\{"id":2,"petId":12,"quantity":1,"status":"placed"\}`,
		},
		{"an order that the script refuses", "", []string{"-d", `{"petId":2}`, at + "/store/order"}, `422 application/problem\+json \n\{"title":"Tom is sold","status":422\}`},
		{"an order that the document refuses", "", []string{"-d", `{"petId":7,"quantity":11}`, at + "/store/order"}, `400 application/problem\+json \n\{.*"urn:urocket:validation".*/quantity.*`},
		{"an order that is not JSON", "", []string{"-H", "Content-Type: application/json", "-d", `{"petId"`, at + "/store/order"}, `400 application/problem\+json \n\{.*"urn:urocket:not-json".*`},
		{"no such order", "", []string{at + "/store/order/99"}, `404 application/problem\+json \n\{"title":"no such order","status":404\}`},
		{
			"the report of a job", "",
			[]string{"-X", "POST", at + "/job/mail-queue"},
			`200 application/json \n\{"request_id":"[0-9a-f-]{36}","exitcode":0,"signal":null,"stdout":"3 sent, 0 sent before, 1 refused\\n","stderr":"0003.txt: not an address: grace at example.org\\n".*`,
		},
		{"and again", "", []string{"-X", "POST", at + "/job/mail-queue"}, `200 application/json \n.*"stdout":"0 sent, 3 sent before, 1 refused\\n".*`},
		{"a shell script with curl", "", []string{"-X", "POST", at + "/job/backup"}, `201 application/json \n\{"archive":"petshop-\w+.tar.gz","bytes":\d+\}`},
		{"CGI", "content-disposition", []string{at + "/export/pets"}, `200 text/csv; charset=utf-8 attachment; filename=pets.csv\nid,name,.*\n12,Nemo,.*`},
		{"CGI with a query", "", []string{at + "/export/pets?category=bird"}, `200 text/csv; charset=utf-8 \nid,name,[^\n]*\n6,Coco,[^\n]*\n10,Pico,[^\n]*\n`},
		{"no callback", "", []string{"-X", "DELETE", at + "/store/order/1"}, `501 application/problem\+json \n\{.*"urn:urocket:no-callback".*`},
		{"no such verb", "allow", []string{"-X", "PATCH", at + "/store/order/1"}, `405 application/problem\+json [^\n]*GET[^\n]*\n\{.*"urn:urocket:method-not-allowed".*`},
		{"no such path", "", []string{at + "/nowhere"}, `404 application/problem\+json \n\{.*"urn:urocket:not-found".*`},
	}
	s := openShop(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := s.ask(t, c.header, c.args...); !regexp.MustCompile(`^(?s:` + c.want + `)\s*$`).MatchString(got) {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// A job that cannot write ends without a reply; `onexit: report` says so to the caller.
func TestJobThatFailsIsReported(t *testing.T) {
	s := openShop(t)
	check(t, os.WriteFile(s.varFolder(), []byte("in the way"), 0o600))
	got := s.ask(t, "", "-X", "POST", "http://"+publicAddr+"/job/backup")
	if !regexp.MustCompile(`^500 application/json \n\{.*"exitcode":1,.*"stderr":"[^"]*mkdir.*`).MatchString(got) {
		t.Errorf("got\n%s", got)
	}
}

// The map of the example and its document are without a fault, and every key of the map is described.
func TestDryAndParse(t *testing.T) {
	routes := cli(t, "dry")
	for _, path := range []string{"/get/pets", "/store/order/{orderId}", "/job/backup"} {
		if !strings.Contains(routes, path) {
			t.Errorf("%s is not in\n%s", path, routes)
		}
	}
	text, err := os.ReadFile("../docs/configuration.md")
	check(t, err)
	keys := regexp.MustCompile(`(?m)^ *([a-z]+):( .+)?$`).FindAllStringSubmatch(cli(t, "parse"), -1)
	if len(keys) < 100 {
		t.Errorf("only %d keys are printed", len(keys))
	}
	for _, key := range keys {
		if verb := key[1] == "get" || key[1] == "post"; !verb && !regexp.MustCompile("(?m)^(\\| [^|]*`"+key[1]+"`|### "+key[1]+"$)").Match(text) {
			t.Errorf("docs/configuration.md does not describe %s", key[1])
		}
	}
}

// cli runs a command of the program on the example and returns what it prints.
func cli(t *testing.T, command string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, command, "-c", "urocket-service.yaml")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, stderr.String())
	}
	return string(out)
}

// Whatever is called, the tree that is served stays as it was.
func TestNothingIsWrittenIntoTheTree(t *testing.T) {
	s := openShop(t)
	before := s.sh(t, "find scripts examples | sort")
	for _, post := range []string{"/job/backup", "/job/mail-queue"} {
		s.ask(t, "", "-X", "POST", "http://"+publicAddr+post)
	}
	s.ask(t, "", "-d", `{"petId":7}`, "http://"+publicAddr+"/store/order")
	if after := s.sh(t, "find scripts examples | sort"); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	written, err := filepath.Glob(filepath.Join(s.varFolder(), "*"))
	if err != nil || len(written) != 3 {
		t.Errorf("written: %q, %v", written, err)
	}
}

// varFolder is where the scripts of s write.
func (s *shop) varFolder() string {
	return filepath.Join(s.tmp, "petshop-"+strconv.Itoa(os.Geteuid()))
}
