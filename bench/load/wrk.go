package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// script is what wrk runs: the requests are made once, before the first is sent.
// Its last line is the result, as JSON.
const script = `
wrk.method = "POST"
wrk.body = %s
wrk.headers["Content-Type"] = %s
local paths, made, at = {%s}, {}, 0
if #paths > 0 then
  function init(args)
    for i, p in ipairs(paths) do made[i] = wrk.format(nil, p) end
  end
  function request()
    at = at %% #made + 1
    return made[at]
  end
end
function done(s, latency, r)
  local e = s.errors
  io.write(string.format('RESULT {"answers":%%d,"us":%%d,"p50":%%d,"p99":%%d,"bad":%%d,"lost":%%d}\n',
    s.requests, s.duration, latency:percentile(50), latency:percentile(99), e.status,
    e.connect + e.read + e.write + e.timeout))
end
`

func runWrk(ctx context.Context, wrk string, j Job, start Start) (Result, error) {
	f, err := os.CreateTemp("", "bench-*.lua")
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if _, err := f.WriteString(luaOf(j)); err != nil {
		return Result{}, err
	}
	if err := f.Close(); err != nil {
		return Result{}, err
	}
	seconds := max(1, int(j.Duration.Round(time.Second)/time.Second))
	var out bytes.Buffer
	c := exec.CommandContext(ctx, wrk, "-t1", "-c"+strconv.Itoa(j.Conns), fmt.Sprintf("-d%ds", seconds),
		"--timeout", fmt.Sprintf("%ds", max(1, int(j.Timeout/time.Second))), "--latency", "-s", f.Name(), j.URL)
	c.Stdout, c.Stderr = &out, &out
	if err := start(c); err != nil {
		return Result{}, err
	}
	if err := c.Wait(); err != nil {
		return Result{}, fmt.Errorf("wrk: %w: %s", err, bytes.TrimSpace(out.Bytes()))
	}
	return parseWrk(out.String())
}

func luaOf(j Job) string {
	paths := make([]string, len(j.Paths))
	for i, p := range j.Paths {
		paths[i] = luaString(p)
	}
	return fmt.Sprintf(script, luaString(string(j.Body)), luaString(j.ContentType), strings.Join(paths, ","))
}

// luaString quotes a text for Lua: every byte that could mean something is written
// as its number.
func luaString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\%03d`, c)
			continue
		}
		b.WriteByte(c)
	}
	b.WriteByte('"')
	return b.String()
}

// parseWrk reads the line that the script has printed at the end.
func parseWrk(out string) (Result, error) {
	_, line, found := strings.Cut(out, "RESULT ")
	if !found {
		return Result{}, fmt.Errorf("wrk printed no result: %s", strings.TrimSpace(out))
	}
	line, _, _ = strings.Cut(line, "\n")
	var r struct{ Answers, US, P50, P99, Bad, Lost int64 }
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		return Result{}, fmt.Errorf("wrk's result %q: %w", line, err)
	}
	res := Result{
		Answers: r.Answers, Bad: r.Bad, Lost: r.Lost,
		P50: time.Duration(r.P50) * time.Microsecond, P99: time.Duration(r.P99) * time.Microsecond,
	}
	if r.US > 0 {
		res.Rate = float64(r.Answers-r.Bad) * 1e6 / float64(r.US)
	}
	return res, nil
}
