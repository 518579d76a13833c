package shim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"github.com/urocket/urocket/processctl/family"
	"github.com/urocket/urocket/processctl/vfork"
)

// The protocol of descriptor 3, a stream socket. Each message is a head of 16
// bytes in the machine's byte order and a body. Urocket sends start, whose
// descriptors come with the first byte of its head (unix(7), SCM_RIGHTS), and
// signal; the shim sends ready or refused once, and then answers.
type kind uint32

const (
	kindReady   kind = iota + 1 // settings applied
	kindRefused                 // body: the setting that cannot be had, a NUL, and why
	kindStart                   // body: the command; n: which descriptors come behind the first three
	kindStarted                 // n: pid
	kindFailed                  // n: errno of the start
	kindSignal                  // n: the signal, for the command id
	kindExited                  // body: wait status and rusage; n: 1 when that is the end of the command
	kindEmpty                   // collecting: nothing of the command is left
)

const headSize = 16

// head is what every message begins with.
type head struct {
	kind kind
	id   uint32 // of the command
	n    int32
	size uint32 // of the body
}

func (h head) append(b []byte) []byte {
	b = binary.NativeEndian.AppendUint32(b, uint32(h.kind))
	b = binary.NativeEndian.AppendUint32(b, h.id)
	b = binary.NativeEndian.AppendUint32(b, uint32(h.n))
	return binary.NativeEndian.AppendUint32(b, h.size)
}

func readHead(b []byte) head {
	word := func(i int) uint32 { return binary.NativeEndian.Uint32(b[4*i:]) }
	return head{kind: kind(word(0)), id: word(1), n: int32(word(2)), size: word(3)}
}

// message is head and body in one piece.
func message(k kind, id uint32, n int, body []byte) []byte {
	h := head{kind: k, id: id, n: int32(n), size: uint32(len(body))}
	return append(h.append(make([]byte, 0, headSize+len(body))), body...)
}

// Command is what a shim starts.
type Command struct {
	Path string // absolute, or relative to Dir
	Argv []string
	Env  []string
	Dir  string

	Stdin, Stdout, Stderr int // descriptors
	Extra                 int // what is to be descriptor 3; 0: nothing
	Cgroup                int // descriptor of the group to be born into; -1: none
}

// What n of kindStart is made of, in the order in which they come.
const (
	hasExtra int32 = 1 << iota
	hasCgroup
)

// descriptors are those that the command is sent with, and n of its message.
func (c *Command) descriptors() (fds []int, n int32) {
	fds = []int{c.Stdin, c.Stdout, c.Stderr}
	if c.Extra != 0 {
		fds, n = append(fds, c.Extra), n|hasExtra
	}
	if c.Cgroup >= 0 {
		fds, n = append(fds, c.Cgroup), n|hasCgroup
	}
	return fds, n
}

// place puts descriptors that have come with a start where they belong; false: some
// are missing.
func place(cmd *vfork.Command, fds []int, n int32) bool {
	want := len(cmd.Files) + bits.OnesCount32(uint32(n))
	if len(fds) != want {
		return false
	}
	cmd.Files, fds = [3]int(fds), fds[3:]
	if n&hasExtra != 0 {
		cmd.Extra, fds = fds[0], fds[1:]
	}
	if cmd.Cgroup = -1; n&hasCgroup != 0 {
		cmd.Cgroup = fds[0]
	}
	return true
}

var errMalformed = errors.New("malformed message")

// encode writes the command's strings, which hold no NUL, with a NUL behind each.
func (c *Command) encode() []byte {
	fields := append([]string{c.Path, c.Dir, strconv.Itoa(len(c.Argv))}, c.Argv...)
	fields = append(fields, c.Env...)
	size := 0
	for _, f := range fields {
		size += len(f) + 1
	}
	b := make([]byte, 0, size)
	for _, f := range fields {
		b = append(append(b, f...), 0)
	}
	return b
}

// decode finds the words of a command in the body of its message, and copies
// nothing: w points into it, and its lists are used again.
func decode(body []byte, w *vfork.Packed) error {
	w.Argv, w.Env = w.Argv[:0], w.Env[:0]
	path, rest, ok1 := word(body)
	dir, rest, ok2 := word(rest)
	count, rest, ok3 := word(rest)
	if !ok1 || !ok2 || !ok3 {
		return errMalformed
	}
	argc, err := strconv.Atoi(string(count[:len(count)-1]))
	if err != nil || argc < 1 {
		return errMalformed
	}
	w.Path, w.Dir = &path[0], nil
	if len(dir) > 1 {
		w.Dir = &dir[0]
	}
	for len(rest) > 0 {
		var next []byte
		var ok bool
		if next, rest, ok = word(rest); !ok {
			return errMalformed
		}
		if len(w.Argv) < argc {
			w.Argv = append(w.Argv, &next[0])
		} else {
			w.Env = append(w.Env, &next[0])
		}
	}
	if len(w.Argv) < argc {
		return errMalformed
	}
	w.Argv, w.Env = append(w.Argv, nil), append(w.Env, nil)
	return nil
}

// word cuts the first word off, with its NUL.
func word(b []byte) (first, rest []byte, ok bool) {
	end := bytes.IndexByte(b, 0)
	if end < 0 {
		return nil, nil, false
	}
	return b[:end+1], b[end+1:], true
}

// encodeDeath writes status and rusage as they lie in memory: both ends are the same
// program.
func encodeDeath(d *family.Death) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(d.Status))
	return append(b, unsafe.Slice((*byte)(unsafe.Pointer(&d.Rusage)), unsafe.Sizeof(d.Rusage))...)
}

func decodeDeath(b []byte) (d family.Death, err error) {
	if len(b) != 4+int(unsafe.Sizeof(d.Rusage)) {
		return d, fmt.Errorf("%w: %d bytes of a death", errMalformed, len(b))
	}
	d.Status = syscall.WaitStatus(binary.NativeEndian.Uint32(b))
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&d.Rusage)), unsafe.Sizeof(d.Rusage)), b[4:])
	d.At = time.Now()
	return d, nil
}
