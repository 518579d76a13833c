package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// A start that cannot have its address or its socket says in which line they stand, who
// has them, and what would be right.
func TestWhatIsTakenIsNamed(t *testing.T) {
	g := start(t, setup{ops: ops{"get /x": {"cmd": "echo x", "reply": "stdout"}}})
	g.write("api.yaml", "openapi: 3.0.3\ninfo: {title: x, version: \"1\"}\npaths: {}\n", 0o644)
	const service = "servicename: second\nlisten: %s\nsocketpath: %s\nopenapi: api.yaml\npaths: {}\n"
	for name, c := range map[string]struct {
		listen, socket string
		words          []string
	}{
		"address":        {g.addr, g.path("other.sock"), []string{"second.yaml:2: ", g.addr + ": address already in use", fmt.Sprintf("process %d (\"urocket\") has it", g.pid()), "choose another address"}},
		"every address":  {":" + g.addr[strings.LastIndexByte(g.addr, ':')+1:], g.path("other.sock"), []string{"second.yaml:2: ", fmt.Sprintf("process %d ", g.pid())}},
		"no such one":    {"192.0.2.1:80", g.path("other.sock"), []string{"second.yaml:2: ", "it is no address of this machine"}},
		"socket":         {"127.0.0.1:0", g.sock, []string{"second.yaml:3: ", fmt.Sprintf("process %d (\"urocket\") serves it", g.pid())}},
		"socket's place": {"127.0.0.1:0", g.path("api.yaml"), []string{"second.yaml:3: ", "api.yaml"}},
	} {
		g.write("second.yaml", fmt.Sprintf(service, c.listen, c.socket), 0o644)
		t.Log(name)
		g.cli(t, "-c", "second.yaml").want(t, 1, c.words...)
	}
}
