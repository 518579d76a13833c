// Package threads keeps a program alive where it can start no thread.
package threads

import (
	"runtime"
	"sync"
)

// Reserve makes n threads for the Go runtime, which keeps them until the
// program ends. The runtime makes one whenever a goroutine blocks in the kernel
// and another wants to run, and a program for which it can make none
// (RLIMIT_NPROC, pids.max) is ended by it. With threads in reserve a lack of
// processes is what it should be: an error of the next start.
func Reserve(n int) {
	var made, over sync.WaitGroup
	there := make(chan struct{})
	made.Add(n)
	for range n {
		over.Go(func() {
			runtime.LockOSThread() // as long as it is locked, nobody else is on its thread
			made.Done()
			<-there
			runtime.UnlockOSThread() // else the thread would end with the goroutine
		})
	}
	made.Wait()
	close(there)
	over.Wait()
}
