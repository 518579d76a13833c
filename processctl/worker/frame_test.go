package worker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/urocket/urocket/processctl/spool"
)

const maxTestBody = 4096

// frameOf writes a frame with any lengths.
func frameOf(headerSize, bodySize uint32, rest string) []byte {
	b := binary.BigEndian.AppendUint32(nil, headerSize)
	b = binary.BigEndian.AppendUint32(b, bodySize)
	return append(b, rest...)
}

func frame(header, body string) []byte {
	return frameOf(uint32(len(header)), uint32(len(body)), header+body)
}

func TestReadFrame(t *testing.T) {
	long := `{"id":"x","pad":"` + strings.Repeat("p", 100_000) + `"}`
	for name, c := range map[string]struct{ header, body string }{
		"small": {`{"id":"x"}`, "body"}, "no body": {`{}`, ""}, "a long header": {long, "b"}, "the largest body": {"{}", strings.Repeat("b", maxTestBody)},
		"bytes": {"{}", "\x00\xff\r\n"},
	} {
		for how, r := range map[string]func(io.Reader) io.Reader{"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader} {
			in := bufio.NewReader(r(bytes.NewReader(append(frame(c.header, c.body), frame("{}", "next")...))))
			header, body, err := readFrame(in, nil, maxTestBody)
			if err != nil || string(header) != c.header {
				t.Fatalf("%s, %s: header %.40q (%v)", name, how, header, err)
			}
			if got, _ := body.Bytes(); string(got) != c.body {
				t.Errorf("%s, %s: body %.40q", name, how, got)
			}
			if _, next, err := readFrame(in, header, maxTestBody); err != nil || next.Size() != 4 {
				t.Errorf("%s, %s: the next frame: %v", name, how, err)
			}
			if _, _, err := readFrame(in, header, maxTestBody); err != io.EOF {
				t.Errorf("%s, %s: behind the last frame: %v", name, how, err)
			}
		}
	}
}

func TestReadFrameFails(t *testing.T) {
	whole := frame(`{"id":"x"}`, "body")
	for n := 1; n < len(whole); n++ {
		if _, _, err := readFrame(bufio.NewReader(bytes.NewReader(whole[:n])), nil, maxTestBody); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut off after %d bytes: %v", n, err)
		}
	}
	for name, c := range map[string]struct {
		bytes []byte
		word  string
	}{
		"a header over 1 MiB":   {frameOf(MaxHeader+1, 0, "{}"), "a header of 1048577 bytes"},
		"the largest header":    {frameOf(1<<32-1, 0, "{}"), "a header of"},
		"no header":             {frameOf(0, 4, "body"), "without a header"},
		"a body over the limit": {frameOf(2, maxTestBody+1, "{}"), "a body of 4097 bytes"},
		"the largest body":      {frameOf(2, 1<<32-1, "{}"), "a body of 4294967295 bytes"},
		"something else":        {[]byte("HTTP/1.1 200 OK\r\n\r\n"), "a header of"},
	} {
		var bad *BrokenError
		if _, _, err := readFrame(bufio.NewReader(bytes.NewReader(c.bytes)), nil, maxTestBody); !errors.As(err, &bad) || !strings.Contains(bad.What, c.word) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Who announces a long header and sends none does not have it allocated.
func TestLengthsAreNotTrusted(t *testing.T) {
	in := bufio.NewReader(bytes.NewReader(frameOf(MaxHeader, 0, "{")))
	if got, _, err := readFrame(in, nil, maxTestBody); !errors.Is(err, io.ErrUnexpectedEOF) || cap(got) > 64<<10 {
		t.Errorf("%d bytes for one that came (%v)", cap(got), err)
	}
}

func TestGreeting(t *testing.T) {
	none := spool.FromBytes(nil)
	for header, good := range map[string]bool{
		`{"v":1,"ready":true}`: true, `{"v":1,"ready":true,"pid":7,"language":"x"}`: true,
		`{"ready":true}`: false, `{"v":1}`: false, `{"v":2,"ready":true}`: false, `{"v":"1","ready":true}`: false,
		`{"v":1,"ready":1}`: false, `[]`: false, `{`: false, `null`: false, ``: false,
	} {
		if err := greeting([]byte(header), none); (err == nil) != good || !good && !errorIs[*BrokenError](err) {
			t.Errorf("%s: %v", header, err)
		}
	}
	if err := greeting([]byte(`{"v":1,"ready":true}`), spool.FromBytes([]byte("x"))); !errorIs[*BrokenError](err) {
		t.Errorf("with a body: %v", err)
	}
}

func TestAnswer(t *testing.T) {
	body := spool.FromBytes([]byte("x"))
	a, bye, err := answer([]byte(`{"id":"7","status":201,"headers":{"Content-Type":"text/plain","Set-Cookie":["a=1","b=2"],"X":[]},"bye":true,"more":1}`), body, "7")
	if err != nil || !bye || a.Status != 201 || a.Body != body || !slices.Equal(a.Header, []Field{{"Content-Type", "text/plain"}, {"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}}) {
		t.Errorf("%+v, bye %v, %v", a, bye, err)
	}
	if a, bye, err := answer([]byte(`{"id":"7"}`), body, "7"); err != nil || bye || a.Status != 200 || len(a.Header) != 0 {
		t.Errorf("%+v, bye %v, %v", a, bye, err)
	}
	var failed *FailedError
	if _, bye, err := answer([]byte(`{"id":"7","error":"what","bye":true}`), body, "7"); !errors.As(err, &failed) || failed.Text != "what" || !bye {
		t.Errorf("bye %v, %v", bye, err)
	}
	long, err := json.Marshal(map[string]string{"id": "7", "error": strings.Repeat("é", maxText)})
	check(t, err)
	if _, _, err := answer(long, body, "7"); !errors.As(err, &failed) || failed.Text != strings.Repeat("é", maxText/2)+"…" {
		t.Errorf("a long error: %v", err)
	}
	for _, header := range []string{
		`{"id":"8","status":200}`, `{"id":"77"}`, `{"status":200}`, `{"id":""}`, `{"id":7}`, `{"id":"7","status":"200"}`, `{"id":"7","status":200.5}`,
		`{"id":"7","headers":[]}`, `{"id":"7","headers":{"A":1}}`, `{"id":"7","headers":{"A":[1]}}`, `{"id":"7","error":{}}`, `{"id":"7"`, `{"id":"7"} {}`, `7`, `"7"`, "\x00",
	} {
		if a, _, err := answer([]byte(header), body, "7"); !errorIs[*BrokenError](err) || a != nil {
			t.Errorf("%s: %+v, %v", header, a, err)
		}
	}
}

// What an operator reads of a broken frame shows nothing that was in it.
func TestBrokenFramesAreNotShown(t *testing.T) {
	for _, header := range []string{`{"id":"s3cret"`, `{"id":["s3cret"]}`, `{"status":"s3cret"}`, `{"id":"s3cret"}`, `s3cret`} {
		if _, _, err := answer([]byte(header), spool.FromBytes(nil), "7"); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", header, err)
		}
	}
}

func TestRequest(t *testing.T) {
	head := Head{
		ID: "7", Method: "POST", Path: "/a%2Fb", Query: "x=<1>&y=\xff", Route: "/{p}", ContentType: "text/plain", Params: []byte(`{"p":"a/b"}`),
		Headers: []Named[[]string]{{"x-a", []string{"1", "2"}}}, Env: []Named[string]{{"REQUEST_ID", "7"}},
	}
	for size, timeout := range map[int]time.Duration{0: 0, 5: time.Second, inlineBody: 0, inlineBody + 1: time.Minute, 300_000: 0} {
		content := bytes.Repeat([]byte{'b', 0xff}, size/2+1)[:size]
		body, err := spool.Read(bytes.NewReader(content), -1, 1<<20)
		check(t, err)
		r, err := NewRequest(head, body, timeout)
		check(t, err)
		var out bytes.Buffer
		now := time.UnixMilli(1_700_000_000_000)
		first, whole, err := r.frame(now)
		check(t, err)
		check(t, r.send(&out, first, whole))
		header, got, err := readFrame(bufio.NewReader(&out), nil, 1<<20)
		check(t, err)
		if sent, _ := got.Bytes(); !bytes.Equal(sent, content) || out.Len() > 0 {
			t.Errorf("a body of %d bytes arrives with %d", size, len(sent))
		}
		var said struct {
			jsonHead
			Timeout  *int64 `json:"timeout_ms"`
			Deadline *int64 `json:"deadline_ms"`
		}
		check(t, json.Unmarshal(header, &said))
		if said.Version != 1 || said.ID != "7" || said.Path != "/a%2Fb" || said.Query != "x=<1>&y=�" || string(said.Params) != `{"p":"a/b"}` || said.Headers["x-a"][1] != "2" {
			t.Errorf("%s", header)
		}
		switch {
		case timeout == 0 && (said.Timeout != nil || said.Deadline != nil):
			t.Errorf("without a timeout: %s", header)
		case timeout > 0 && (*said.Timeout != timeout.Milliseconds() || *said.Deadline != now.Add(timeout).UnixMilli()):
			t.Errorf("with a timeout of %v: %s", timeout, header)
		}
	}
}

func TestHeaderThatIsTooLong(t *testing.T) {
	long := strings.Repeat("x", MaxHeader)
	if _, err := NewRequest(Head{ID: "7", Query: long}, spool.FromBytes(nil), 0); err != ErrHeader {
		t.Errorf("%v", err)
	}
	if _, err := NewRequest(Head{ID: "7", Query: long[:MaxHeader-1000]}, spool.FromBytes(nil), 0); err != nil {
		t.Errorf("just short enough: %v", err)
	}
}

// Whatever a worker sends: what is taken is a whole frame within its limits, and what
// is an answer is one to this request.
func FuzzFrame(f *testing.F) {
	for _, seed := range [][]byte{
		frame(`{"v":1,"ready":true}`, ""), frame(`{"id":"7","status":200,"headers":{"A":["b"]}}`, "body"), frame(`{"id":"7","error":"x"}`, ""),
		frameOf(1<<20+1, 0, ""), frameOf(3, 1<<31, "{}x"), frame(`{"id":"8"}`, ""), append(frame("{}", "a"), frame("{}", "b")...), []byte("GET / HTTP/1.0\r\n"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		in := bufio.NewReader(iotest.HalfReader(bytes.NewReader(sent)))
		var header []byte
		for taken := 0; ; {
			var body *spool.Body
			var err error
			if header, body, err = readFrame(in, header, maxTestBody); err != nil {
				return
			}
			taken += prefixSize + len(header) + int(body.Size())
			if taken > len(sent) || len(header) > MaxHeader || body.Size() > maxTestBody {
				t.Fatalf("%d bytes taken of %d", taken, len(sent))
			}
			_ = greeting(header, body)
			a, _, err := answer(header, body, "7")
			switch {
			case err == nil && (a == nil || !bytes.Contains(header, []byte("7"))):
				t.Fatalf("%q is taken for an answer", header)
			case err != nil && !errorIs[*BrokenError](err) && !errorIs[*FailedError](err):
				t.Fatalf("%q: %v", header, err)
			}
		}
	})
}

// What a worker sends does not come into messages, however it is wrong.
func TestFaultsHoldNothingOfTheHeader(t *testing.T) {
	digits := strings.Repeat("9", 100_000)
	for _, header := range []string{`{"id":"7","status":` + digits + `}`, `{"id":` + digits + `}`, `{"v":` + digits + `,"ready":true}`, `{"id":"7","headers":{"` + digits + `":7}}`, digits} {
		_, _, err := answer([]byte(header), spool.FromBytes(nil), "7")
		if err == nil || len(err.Error()) > 200 {
			t.Errorf("%.40s: %.300v", header, err)
		}
		if err := greeting([]byte(header), spool.FromBytes(nil)); err == nil || len(err.Error()) > 200 {
			t.Errorf("%.40s as a greeting: %.300v", header, err)
		}
	}
}
