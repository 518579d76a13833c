// Package stack spares goroutines that live for one call the growing of their
// stacks. The Go runtime starts a goroutine with a small stack and copies it to one
// of twice the size whenever it runs out, which costs the more the deeper it is by
// then; a call that needs 8 KiB pays for two or three copies. Whoever knows that
// asks for the room first, while there is nothing to copy.
package stack

// room is how much is asked for, in bytes; with what else is on the stack it makes
// one of 8 KiB.
const room = 4 << 10

// Grow makes room on the stack of the goroutine that calls it. The stack stays as
// large for the time being.
//
//go:noinline
func Grow() {
	var b [room]byte
	touch(&b)
}

//go:noinline
func touch(b *[room]byte) { b[0] = 1 }
