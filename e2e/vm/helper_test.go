package vm

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// helpers are what the test binary does when its first argument says so.
var helpers = map[string]func(args []string) error{
	"memory": memory,
	"cpu":    cpu,
	"enter":  enter,
	"put":    put,
}

// memory touches 64 MiB.
func memory([]string) error {
	b := make([]byte, 64<<20)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	fmt.Print("survived")
	return nil
}

// cpu burns for two seconds.
func cpu([]string) error {
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
	}
	return nil
}

// put writes args[1] into the file args[0], and says what the kernel says.
func put(args []string) error { return os.WriteFile(args[0], []byte(args[1]), 0) }

// enter becomes the program after "--", in the surroundings that the words
// before it make: "group:DIR" is entered; "unshare" makes a cgroup and a mount
// namespace; "outer:DIR" shows the whole hierarchy there too; "cgroupfs" mounts
// it anew, as containers have it; "proc" mounts /proc anew; "user:ID" is become.
func enter(words []string) error {
	runtime.LockOSThread() // namespaces are the thread's
	for i, w := range words {
		if w == "--" {
			return syscall.Exec(words[i+1], words[i+1:], os.Environ())
		}
		word, value, _ := strings.Cut(w, ":")
		if err := surround(word, value); err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
	}
	return fmt.Errorf("no program")
}

func surround(word, value string) error {
	switch word {
	case "group":
		return os.WriteFile(value+"/cgroup.procs", []byte("0"), 0)
	case "unshare":
		return unix.Unshare(unix.CLONE_NEWCGROUP | unix.CLONE_NEWNS)
	case "cgroupfs":
		if err := unix.Unmount(cgroupfs, unix.MNT_DETACH); err != nil {
			return err
		}
		return unix.Mount("cgroup2", cgroupfs, "cgroup2", 0, "")
	case "outer":
		if err := os.MkdirAll(value, 0o755); err != nil {
			return err
		}
		return unix.Mount(cgroupfs, value, "", unix.MS_BIND, "")
	case "proc":
		return unix.Mount("proc", "/proc", "proc", 0, "")
	case "user":
		id, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		if err := syscall.Setgroups(nil); err != nil {
			return err
		}
		if err := syscall.Setgid(id); err != nil {
			return err
		}
		return syscall.Setuid(id)
	}
	return fmt.Errorf("unknown word")
}
