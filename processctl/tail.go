package processctl

import (
	"bytes"
	"sync"
)

// tail keeps the end of a stream.
type tail struct {
	mu    sync.Mutex
	max   int
	total int64 // bytes of the whole stream
	buf   []byte
}

func (t *tail) write(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += int64(len(b))
	if len(b) > t.max {
		b = b[len(b)-t.max:]
	}
	// Cut only when twice too long, so that each byte is moved about once.
	if len(t.buf)+len(b) > 2*t.max {
		n := copy(t.buf, t.buf[len(t.buf)-(t.max-len(b)):])
		t.buf = t.buf[:n]
	}
	t.buf = append(t.buf, b...)
}

// bytes returns a copy of at most the last n bytes, and how many there were up to
// their end.
func (t *tail) bytes(n int) ([]byte, int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n = min(n, t.max, len(t.buf))
	return bytes.Clone(t.buf[len(t.buf)-n:]), t.total
}

// lines cuts a stream into lines.
type lines struct {
	stream Stream
	emit   func(Line)
	buf    []byte
	cut    bool // the line in buf is too long; what follows of it is dropped
}

func (l *lines) write(b []byte) {
	for len(b) > 0 {
		part, rest, whole := bytes.Cut(b, []byte("\n"))
		l.add(part)
		if whole {
			l.flush(true)
		}
		b = rest
	}
}

func (l *lines) add(part []byte) {
	if over := len(l.buf) + len(part) - LineLimit; over > 0 {
		part, l.cut = part[:len(part)-over], true
	}
	l.buf = append(l.buf, part...)
}

// flush emits the line; at the end of the stream only if there is one.
func (l *lines) flush(whole bool) {
	if whole || len(l.buf) > 0 {
		l.emit(Line{Stream: l.stream, Text: bytes.TrimSuffix(l.buf, []byte("\r")), Cut: l.cut})
	}
	l.buf, l.cut = l.buf[:0], false
}
