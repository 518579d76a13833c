package e2e

import (
	"maps"
	"strings"
	"testing"
)

// What a caller sent who had to wait for a place reaches the process as if there had
// been one: the words of its command are made again when it is started.
func TestWaitingCallsKeepWhatWasSent(t *testing.T) {
	t.Parallel()
	with := func(more keys) keys {
		maps.Copy(more, keys{"reply": "stdout", "tmpdir": "own", "env": []string{"Q={{query.q}}"}})
		return more
	}
	g := start(t, setup{top: keys{"running": 1, "queued": 9}, ops: ops{
		"get /hold":      living(nil),
		"post /argument": with(keys{"cmd": []string{"/bin/sh", "-c", `printf '%s|' "$@" "$Q" "$URIPATH" "$REQUEST_METHOD" "$QUERY_STRING" "$CONTENT_TYPE"`, "sh", "{{jsonpayload}}", "{{header.X-Word}}"}}),
		"post /stdin":    with(keys{"channel": "stdin", "cmd": sh(`cat; echo "$Q"; ls -d "$TMPDIR" | sed 's/[^/]*$/own/'`)}),
		"post /file":     with(keys{"channel": "file", "cmd": []string{"/bin/cat", "{{payloadfile}}"}}),
	}})
	large := `{"a":"` + strings.Repeat("x", 400<<10) + `"}` // a file keeps it
	calls := []request{
		{method: "POST", path: "/argument?q=one%20two", body: []byte(`{"b": 1, "a": "'\"$(id)"}`), header: withType([]string{"X-Word: $HOME"})},
		{method: "POST", path: "/stdin?q=three", body: []byte(large), header: withType(nil)},
		{method: "POST", path: "/file?q=four", body: []byte(large), header: withType(nil)},
	}
	hold := g.hold(t, "GET", "/hold")
	late := make([]chan answer, len(calls))
	for i, r := range calls {
		late[i] = make(chan answer, 1)
		go func() {
			a, err := g.try(r)
			if err != nil {
				a.broken = err
			}
			late[i] <- a
		}()
		path, _, _ := strings.Cut(r.path, "?")
		eventually(t, "it is queued", func() bool { return g.queuedNow(t, path) == 1 })
	}
	g.release(t, hold.token)
	hold.answer(t)
	for i, r := range calls {
		waited, at := <-late[i], g.do(t, r)
		if waited.broken != nil || waited.status != 200 || at.status != 200 || string(waited.body) != string(at.body) || len(at.body) < 50 {
			t.Errorf("%s: %v, status %d, %.200q; without waiting %d, %.200q", r.path, waited.broken, waited.status, waited.body, at.status, at.body)
		}
	}
}
