// Package vm tests urocket on a real kernel with a whole cgroup v2, where limits
// are real and everything can be taken away from it.
//
// Its tests run inside a throw-away virtual machine: TestMain builds the program
// and itself without cgo, boots the machine with scripts/vm/run.sh, and passes on
// what is printed there. Inside the machine (UROCKET_VM is set) it runs the tests.
// There is no shell but busybox's and no PHP; scripts are busybox's, or this test
// binary itself under another name.
package vm
