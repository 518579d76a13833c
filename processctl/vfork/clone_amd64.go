package vfork

const supported = true

// clone clones; the child works off p and does not return. It does not touch the
// stack, which is the parent's.
//
//go:noescape
func clone(args *cloneArgs, size uintptr, p *plan) (pid, errno uintptr)
