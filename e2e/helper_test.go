package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// helperName is the name under which the test binary is the script.
const helperName = "e2e-helper"

// helpers are what the script can do, by its first argument.
var helpers = map[string]func(args []string) error{
	"probe":    probe,
	"stubborn": stubborn,
	"daemon":   daemon,
	"hang":     hang,
	"burn":     burn,
	"post":     post,
	"launch":   launch,
}

// helper runs as the script and returns its exit code.
func helper(args []string) int {
	if len(args) == 0 || helpers[args[0]] == nil {
		fmt.Fprintf(os.Stderr, "no such helper: %q\n", args)
		return 99
	}
	if err := helpers[args[0]](args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 98
	}
	return 0
}

// sight is what a script sees of itself; JSON carries bytes as base64.
type sight struct {
	Args      [][]byte
	Environ   [][]byte
	Stdin     []byte
	StdinIs   string
	Dir       string
	PID, PPID int
	PGID, SID int
	Cgroup    string
	TmpMode   os.FileMode
	TmpIn     []string
	File      []byte // the payload file named by $PAYLOADFILE
	FilePath  string
	FileMode  os.FileMode
}

// probe prints its sight. With TMPDIR it also leaves a tree there that is
// hard to delete.
func probe(args []string) error {
	s := sight{PID: os.Getpid(), PPID: os.Getppid()}
	for _, a := range args {
		s.Args = append(s.Args, []byte(a))
	}
	// Not os.Environ, which shows one entry of a name that is there twice.
	for e := range bytes.SplitSeq(bytes.TrimSuffix(readFile("/proc/self/environ"), []byte{0}), []byte{0}) {
		s.Environ = append(s.Environ, e)
	}
	s.StdinIs, _ = os.Readlink("/proc/self/fd/0")
	s.Stdin, _ = io.ReadAll(os.Stdin)
	s.Dir, _ = os.Getwd()
	s.PGID = unix.Getpgrp()
	s.SID, _ = unix.Getsid(0)
	s.Cgroup = string(readFile("/proc/self/cgroup"))
	if name := os.Getenv("PAYLOADFILE"); name != "" {
		s.FilePath, s.File = name, readFile(name)
		if st, err := os.Stat(name); err == nil {
			s.FileMode = st.Mode().Perm()
		}
	}
	if os.Getenv("LITTER") != "" {
		if err := s.litter(os.Getenv("TMPDIR")); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(s)
}

// litter notes the state of the temporary directory and fills it.
func (s *sight) litter(tmp string) error {
	st, err := os.Stat(tmp)
	if err != nil {
		return err
	}
	s.TmpMode = st.Mode().Perm()
	names, _ := os.ReadDir(tmp)
	for _, n := range names {
		s.TmpIn = append(s.TmpIn, n.Name())
	}
	locked := filepath.Join(tmp, "deep", "locked")
	if err := os.MkdirAll(locked, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(locked, "file"), make([]byte, 1000), 0o400); err != nil {
		return err
	}
	return os.Chmod(locked, 0o500)
}

// stubborn ignores SIGTERM. It writes its pid to args[0] and a line there for
// each SIGTERM.
func stubborn(args []string) error {
	terms := make(chan os.Signal, 8)
	signal.Notify(terms, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
	if err := writeWhole(args[0], strconv.Itoa(os.Getpid())); err != nil {
		return err
	}
	for range terms {
		if err := os.WriteFile(args[0]+".term", nil, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// daemon leaves, by a double fork into sessions of their own, a process that
// keeps stdout open and ignores SIGTERM; it returns once that one has written
// its pid to args[0].
func daemon(args []string) error {
	if len(args) > 1 { // the first child: its parent's end makes the next an orphan
		return spawn("stubborn", args[0]).Start()
	}
	if err := spawn("daemon", args[0], "again").Run(); err != nil {
		return err
	}
	for !exists(args[0]) {
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

// spawn is a helper in a session of its own that inherits stdout.
func spawn(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// hang sleeps for a minute; with args it first writes its pid to args[0].
func hang(args []string) error {
	if len(args) > 0 {
		if err := writeWhole(args[0], strconv.Itoa(os.Getpid())); err != nil {
			return err
		}
	}
	time.Sleep(time.Minute)
	return nil
}

// burn keeps a core busy for args[0] of user time.
func burn(args []string) error {
	d, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	for {
		var ru unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
			return err
		}
		if time.Duration(ru.Utime.Nano()) >= d {
			return nil
		}
		for range 1_000_000 {
			_ = strconv.IntSize
		}
	}
}

// post speaks to the socket by hand: args are texts to send and "pause:D",
// "close", "read", "exit". @ID@ stands for the request id.
func post(args []string) error {
	conn, err := net.Dial("unix", os.Getenv("UROCKET_SOCKET"))
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, a := range args {
		word, rest, _ := strings.Cut(a, ":")
		switch word {
		case "pause":
			d, err := time.ParseDuration(rest)
			if err != nil {
				return err
			}
			time.Sleep(d)
		case "read":
			_, _ = conn.Read(make([]byte, 4096))
		case "exit":
			os.Exit(0) // at once: nothing is closed or awaited
		default:
			if _, err := io.WriteString(conn, strings.ReplaceAll(a, "@ID@", os.Getenv("REQUEST_ID"))); err != nil {
				return err
			}
		}
	}
	return nil
}

// launch becomes the program that stands after "--", prepared as the words
// before say: "activated" with LISTEN_PID, "ignore:N" and "block:N" a signal, "unset:NAME" a
// variable, "disk:DIR:OPTIONS" a filesystem of its own (tmpfs) at DIR, "proc" a
// new /proc, "nofile:N" or
// "nofile:SOFT:HARD" so many descriptors.
func launch(args []string) error {
	runtime.LockOSThread() // the mask that exec keeps is this thread's
	for i, a := range args {
		word, rest, _ := strings.Cut(a, ":")
		var err error
		switch word {
		case "--":
			return syscall.Exec(args[i+1], args[i+1:], os.Environ())
		case "activated": // as systemd starts one whose sockets it has opened
			err = os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
		case "ignore":
			signal.Ignore(signalNumber(rest))
		case "block":
			var set unix.Sigset_t
			n := signalNumber(rest) - 1
			set.Val[n/64] |= 1 << (n % 64)
			err = unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil)
		case "unset":
			err = os.Unsetenv(rest)
		case "disk":
			dir, options, _ := strings.Cut(rest, ":")
			err = unix.Mount("none", dir, "tmpfs", 0, options)
		case "proc":
			err = unix.Mount("proc", "/proc", "proc", 0, "")
		case "nofile":
			soft, hard, two := strings.Cut(rest, ":")
			if !two {
				hard = soft
			}
			var l unix.Rlimit
			l.Cur, _ = strconv.ParseUint(soft, 10, 64)
			l.Max, _ = strconv.ParseUint(hard, 10, 64)
			err = unix.Setrlimit(unix.RLIMIT_NOFILE, &l)
		}
		if err != nil {
			return fmt.Errorf("prepare %s: %w", a, err)
		}
	}
	return fmt.Errorf("launch: no program")
}

func signalNumber(s string) syscall.Signal {
	n, _ := strconv.Atoi(s)
	return syscall.Signal(n)
}

// writeWhole lets a file appear with its content.
func writeWhole(name, content string) error {
	if err := os.WriteFile(name+".new", []byte(content), 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
