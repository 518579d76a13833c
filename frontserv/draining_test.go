package frontserv

import (
	"net/http"
	"strings"
	"testing"
)

// A request is refused before connections are closed that seem to be idle: its own may
// be one of them, and a script that is started for it would answer nobody.
func TestRefusedBeforeConnectionsAreClosed(t *testing.T) {
	to, v, s := serveWaiting(t, 2)
	s.refuse()
	for _, body := range []string{"", `{"a":"some"}`} {
		a, err := http.Post("http://"+to.String()+"/x/7", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = a.Body.Close()
		if a.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("body %q: status %d", body, a.StatusCode)
		}
	}
	if calls := v.Snapshots(); len(calls) > 0 {
		t.Errorf("calls have begun: %v", calls)
	}
}
