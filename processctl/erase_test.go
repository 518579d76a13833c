package processctl

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// A tree that is deeper than there are descriptors, with directories closed to
// all, links that lead out and names like our own, is erased; what the links lead
// to is not touched.
func TestErase(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "file"), []byte("x"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(outside, 0o755); err != nil {
		t.Fatal(err)
	}
	script := `mkdir urocket-erase-1 urocket-erase-2; touch urocket-erase-1/a
ln -s "$1" link; ln -s "$1/file" urocket-erase-2/file; mkdir wide; for i in 1 2 3 4 5 6 7 8 9; do touch wide/$i; mkdir -p wide/d$i/e; done
perl -e 'for (1..3000) { mkdir "d", 0700; open(F, ">", "d/f"); symlink($ARGV[0], "d/link"); chdir "d" }' "$1"
mkdir closed closed/below; touch closed/below/file; chmod 0 closed/below closed; chmod 500 wide`
	cmd := exec.Command("sh", "-ec", script, "sh", outside)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	top, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer top.Close()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	few := limit
	few.Cur = 100
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	err = erase(top)
	if rerr := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || rerr != nil {
		t.Fatal(err, rerr)
	}
	if left, err := os.ReadDir(dir); len(left) != 0 || err != nil {
		t.Errorf("%v is left (%v)", left, err)
	}
	if st, err := os.Stat(outside); err != nil || st.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", st, err)
	}
	if text, err := os.ReadFile(filepath.Join(outside, "file")); err != nil || string(text) != "x" {
		t.Errorf("%q, %v", text, err)
	}
}
