// Package vm tests urocket on a real kernel with a whole cgroup v2, where limits
// are real and everything can be taken away from it.
//
// Its tests run inside a throw-away virtual machine: TestMain builds the program
// and itself without cgo, boots the machine with scripts/vm/run.sh, passes on what
// is printed there and adds how many tests ran on which kernel. Inside the machine
// (UROCKET_VM is set) it runs the tests. Scripts are Debian's PHP, curl and sh as
// they are installed here (scripts/vm/disk.sh), busybox for all else, and this
// test binary itself with a first argument that [helpers] knows.
//
// The machine is 10 to 20 times slower than its host at starting processes:
// nothing is judged by its speed, and what is waited for is given minutes.
package vm
