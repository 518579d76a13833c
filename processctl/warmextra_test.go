package processctl

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/urocket/urocket/internal/notrun"
	"github.com/urocket/urocket/processctl/warm"
)

// Nothing that is drawn by lot is drawn twice, though the processes are copies of one.
func TestForkedProcessesDrawTheirOwnLots(t *testing.T) {
	s := newStove(t, Options{}, `<?php
		$f = tempnam(sys_get_temp_dir(), 'lot'); unlink($f);
		echo implode("\n", ['mt ' . mt_rand(), 'rand ' . rand(), 'int ' . random_int(0, PHP_INT_MAX), 'lcg ' . lcg_value(), 'uniqid ' . uniqid('', true),
			'shuffle ' . str_shuffle('abcdefghijklmnopqrstuvwxyz'), 'bytes ' . bin2hex(random_bytes(8)), 'openssl ' . bin2hex(openssl_random_pseudo_bytes(8)),
			'crypt ' . password_hash('x', PASSWORD_BCRYPT, ['cost' => 4]), "name $f"]), "\n";`)
	w := s.warm(warm.Fork, "", nil)
	s.ready(w)
	seen := map[string]bool{}
	for range 50 {
		text := s.call(w, nil).said(t)
		lines := strings.Split(text, "\n")
		if len(lines) != 11 {
			t.Fatal(text)
		}
		for _, line := range lines[:10] {
			if seen[line] {
				t.Errorf("twice: %s", line)
			}
			seen[line] = true
		}
	}
}

// The extension that leaves PHP's end out changes nothing that a script does.
func TestFastExit(t *testing.T) {
	if _, err := exec.LookPath("php-config"); err != nil {
		notrun.Here(t, "php-config (php-dev) is not installed")
	}
	s := newStove(t, Options{}, "")
	so := s.path("fastexit.so")
	source, err := filepath.Abs("../contrib/fastexit/fastexit.c")
	must(t, err)
	out, err := exec.Command("sh", "-c", `exec ${CC:-cc} -O2 -Wall -Wno-unused-parameter -fPIC -shared $(php-config --includes) -o "$1" "$2"`, "sh", so, source).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, script := range []string{
		"exit(3);", "echo 1;", "exit('text');", "throw new Exception('x');", "posix_kill(getmypid(), 9);", "$p = pcntl_fork(); if (!$p) exit(4); pcntl_wait($st); exit(pcntl_wexitstatus($st));",
		"register_shutdown_function(function () { echo 'last'; exit(7); });", "ob_start(); echo 'buffered'; class A { function __destruct() { fwrite(STDOUT, 'gone'); } } $a = new A;",
		"$f = gzopen('z.gz', 'w'); gzwrite($f, str_repeat('x', 99)); register_shutdown_function(function () { register_shutdown_function(function () { echo 'x'; }); });",
	} {
		s.write("a.php", "<?php "+script)
		want := s.call(nil, nil).said(t)
		w := s.warm(warm.Fork, "-d extension="+so, nil)
		s.ready(w)
		if got := s.call(w, nil).said(t); got != want {
			t.Errorf("%s: %s, without it %s", script, got, want)
		}
	}
}

// Nobody is given a call who has not been started for it, however he has found the
// door; and he does not keep others out.
func TestStrangersAtTheDoor(t *testing.T) {
	s := newStove(t, Options{}, "<?php echo 'x';")
	w := s.warm(warm.Spare, "", nil)
	s.ready(w)
	path := filepath.Join(s.c.hearth.preludes.dir, warm.Door)
	for range 50 {
		conn, err := net.Dial("unix", path)
		must(t, err)
		defer conn.Close()
		_, _ = conn.Write([]byte(strings.Repeat("0", wordSize) + "00000001\x00")) // who is not invited may be sent away before
	}
	for range 10 {
		s.ready(w)
		s.expect(w, "x")
	}
	if r := s.call(w, nil); r.said(t) != "x(0 signal 0)" {
		t.Errorf("by %s", r.Driver())
	}
}

// What PHP begins with is put where cleaners look. Those that ask leave it alone; after one
// that does not, nobody else's files are taken for ours.
func TestReplacedPreludes(t *testing.T) {
	s := newStove(t, Options{}, "<?php echo 'x';")
	w := s.warm(warm.Spare, "", nil)
	s.ready(w)
	dir := s.c.hearth.preludes.dir
	f, err := os.Open(dir)
	must(t, err)
	if err := flock(f, unix.LOCK_EX|unix.LOCK_NB); err != unix.EWOULDBLOCK {
		t.Errorf("a cleaner may lock it: %v", err)
	}
	must(t, f.Close())
	must(t, os.Rename(dir, dir+".away"))
	must(t, os.Mkdir(dir, 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "spare.php"), []byte("<?php echo 'theirs'; exit;"), 0o644))
	var last run
	for range 8 {
		if last = s.call(w, nil); last.said(t) != "x(0 signal 0)" {
			t.Errorf("%s, by %s", last.said(t), last.Driver())
		}
	}
	if !strings.Contains(last.Driver(), "was removed or replaced") {
		t.Errorf("by %s", last.Driver())
	}
	must(t, os.RemoveAll(dir))
	must(t, os.Rename(dir+".away", dir))
}
