//go:build !amd64

package vfork

const supported = false

func clone(*cloneArgs, uintptr, *plan) (pid, errno uintptr) { panic("not supported") }
