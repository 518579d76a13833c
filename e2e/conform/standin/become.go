package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// become sets what words say ("umask=0027 nofile=64") and goes on as argv, whose
// first word is a path and whose second is argv[0].
func become(words string, argv []string) error {
	runtime.LockOSThread() // privileges are those of a thread
	for word := range strings.FieldsSeq(words) {
		name, text, _ := strings.Cut(word, "=")
		value, err := strconv.ParseUint(text, 0, 64)
		if err != nil {
			return err
		}
		switch name {
		case "umask":
			unix.Umask(int(value))
		case "nofile":
			err = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: value, Max: value})
		case "fsize":
			err = unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: value, Max: value})
		case "privileges":
			err = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		default:
			err = fmt.Errorf("no such word: %s", word)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", word, err)
		}
	}
	return syscall.Exec(argv[0], argv[1:], os.Environ())
}
