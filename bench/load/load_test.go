package load

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestParseWrk(t *testing.T) {
	out := "Running 2s test\n  Requests/sec: 500\n" + `RESULT {"answers":1000,"us":2000000,"p50":1500,"p99":9000,"bad":2,"lost":1}` + "\n"
	r, err := parseWrk(out)
	if err != nil {
		t.Fatal(err)
	}
	want := Result{Answers: 1000, Rate: 499, P50: 1500 * time.Microsecond, P99: 9 * time.Millisecond, Bad: 2, Lost: 1}
	if r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
	if r.Fault() == nil {
		t.Error("bad answers are no fault")
	}
	for _, broken := range []string{"", "unable to connect", "RESULT {"} {
		if _, err := parseWrk(broken); err == nil {
			t.Errorf("%q: no error", broken)
		}
	}
}

func TestLuaStringIsOneLineOfASCII(t *testing.T) {
	if got, want := luaString("{\"a\":\"\\\n\xff\"}"), `"{\034a\034:\034\092\010\255\034}"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestOwnGenerator(t *testing.T) {
	var asked, wrong atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != "{}" || r.Method != http.MethodPost || !strings.HasPrefix(r.URL.Path, "/p") {
			wrong.Add(1)
		}
		asked.Add(1)
		if r.URL.Path == "/p2" {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer s.Close()
	r, err := Run(context.Background(), Job{
		URL: s.URL, Paths: []string{"/p1", "/p2"}, Body: []byte("{}"), ContentType: "application/json",
		Conns: 3, Duration: 100 * time.Millisecond, Own: true,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if wrong.Load() > 0 || r.Answers != asked.Load() || r.Lost != 0 || r.Answers == 0 {
		t.Errorf("%+v, asked %d, wrong %d", r, asked.Load(), wrong.Load())
	}
	if half := r.Answers / 2; r.Bad < half-3 || r.Bad > half+3 {
		t.Errorf("%d bad of %d", r.Bad, r.Answers)
	}
}

func TestOwnGeneratorCountsWhatIsLost(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer s.Close()
	r, err := Run(context.Background(), Job{URL: s.URL, Conns: 1, Duration: 50 * time.Millisecond, Own: true}, nil)
	if err != nil || r.Lost == 0 || r.Answers != 0 || r.Fault() == nil {
		t.Errorf("%+v, %v", r, err)
	}
}
