// Package debian_test looks at the Debian package that scripts/deb.sh makes of this
// folder and urocket. Whether it installs and serves is for scripts/try-deb.sh to try.
package debian_test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urocket/urocket/internal/notrun"
)

const epoch = "1795348975" // 2026-11-22 12:02:55 UTC

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a command, in the sources' first folder, and returns what it prints.
func run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = "../..", append(os.Environ(), env...), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v: %s%s", name, args, err, out, stderr.Bytes())
	}
	return string(out)
}

// pack makes the package of a program.
func pack(t *testing.T, program, deb string) {
	t.Helper()
	run(t, []string{"SOURCE_DATE_EPOCH=" + epoch, "DEB_COMPRESSION=none"}, "scripts/deb.sh", program, "amd64", "1.2.3", deb)
}

func TestPackage(t *testing.T) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		notrun.Here(t, "dpkg-deb is not installed")
	}
	dir := t.TempDir()
	program, deb := filepath.Join(dir, "urocket"), filepath.Join(dir, "urocket.deb")
	run(t, []string{"CGO_ENABLED=0"}, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/urocket")
	pack(t, program, deb)
	t.Run("the same again", func(t *testing.T) {
		t.Parallel()
		again := filepath.Join(dir, "again.deb")
		pack(t, program, again)
		run(t, nil, "cmp", deb, again)
	})
	t.Run("fields", func(t *testing.T) {
		t.Parallel()
		want := "Architecture: amd64\nDepends: adduser\nPackage: urocket\nVersion: 1.2.3\n"
		fields := strings.Split(run(t, nil, "dpkg-deb", "--field", deb, "Package", "Version", "Architecture", "Depends"), "\n")
		slices.Sort(fields)
		if got := strings.TrimLeft(strings.Join(fields, "\n"), "\n") + "\n"; got != want {
			t.Errorf("%s", got)
		}
	})
	t.Run("files", func(t *testing.T) {
		t.Parallel()
		testFiles(t, run(t, []string{"TZ=UTC"}, "dpkg-deb", "--contents", deb))
	})
	t.Run("configuration", func(t *testing.T) {
		t.Parallel()
		root := filepath.Join(dir, "root")
		run(t, nil, "dpkg-deb", "--raw-extract", deb, root)
		testConfiguration(t, root)
		testPrinted(t, root)
	})
}

// testFiles looks at what is listed: mode, owner, size, day, hour, path.
func testFiles(t *testing.T, list string) {
	modes := map[string]string{
		"./usr/bin/urocket": "-rwxr-xr-x", "./usr/share/php/urocket.php": "-rw-r--r--", "./usr/share/doc/urocket/copyright": "-rw-r--r--",
		"./usr/lib/systemd/system/urocket.service": "-rw-r--r--", "./etc/urocket/urocket-service.yaml": "-rw-r--r--", "./etc/urocket/openapi.yaml": "-rw-r--r--",
		"./usr/share/doc/urocket/examples/urocket-service.yaml": "-rw-r--r--", "./usr/share/doc/urocket/scripts/sh/backup.sh": "-rwxr-xr-x",
		"./usr/share/php/urocket/worker.php": "-rw-r--r--", "./usr/share/man/man1/urocket.1.gz": "-rw-r--r--", "./usr/share/doc/urocket/changelog.gz": "-rw-r--r--",
		"./usr/share/urocket/urocket-service.schema.json": "-rw-r--r--", "./usr/share/urocket/notify-reload.conf": "-rw-r--r--",
		"./usr/share/bash-completion/completions/urocket": "-rw-r--r--", "./usr/share/zsh/vendor-completions/_urocket": "-rw-r--r--",
		"./usr/share/fish/vendor_completions.d/urocket.fish": "-rw-r--r--", "./usr/share/doc/urocket/examples/systemd/urocket-http.socket": "-rw-r--r--",
		"./usr/share/doc/urocket/examples/systemd/hardened.conf": "-rw-r--r--", "./usr/share/doc/urocket/examples/systemd/setuid.conf": "-rw-r--r--",
		"./usr/share/doc/urocket/examples/prometheus/alerts.yaml": "-rw-r--r--",
		"./usr/share/doc/urocket/examples/grafana/urocket.json":   "-rw-r--r--",
	}
	for line := range strings.Lines(list) {
		f := strings.Fields(line)
		if f[1] != "root/root" || f[3] != "2026-11-22" || f[4] != "12:02" || strings.HasSuffix(f[5], ".go") {
			t.Errorf("%s", line)
		}
		if mode, wanted := modes[f[5]]; wanted {
			if mode != f[0] {
				t.Errorf("%s, want %s", line, mode)
			}
			delete(modes, f[5])
		}
	}
	if len(modes) > 0 {
		t.Errorf("there is no %q", slices.Sorted(maps.Keys(modes)))
	}
}

// testConfiguration tries what is installed as a user who has changed nothing would have
// it, but for the folder that systemd makes.
func testConfiguration(t *testing.T, root string) {
	file := filepath.Join(root, "etc/urocket/urocket-service.yaml")
	text, err := os.ReadFile(file)
	check(t, err)
	unit, err := os.ReadFile(filepath.Join(root, "usr/lib/systemd/system/urocket.service"))
	check(t, err)
	socket := "/run/urocket/urocket.sock"
	if !strings.Contains(string(text), "socketpath: "+socket+" ") || !strings.Contains(string(unit), "\nRuntimeDirectory=urocket\n") {
		t.Errorf("the socket has to lie where the unit has a folder made: %s", text)
	}
	check(t, os.WriteFile(file, bytes.Replace(text, []byte(socket), []byte(filepath.Join(root, "urocket.sock")), 1), 0o600))
	if out := run(t, nil, filepath.Join(root, "usr/bin/urocket"), "dry", "-c", file); !strings.Contains(out, "/hello/{name}") {
		t.Errorf("dry: %s", out)
	}
	conffiles, err := os.ReadFile(filepath.Join(root, "DEBIAN/conffiles"))
	check(t, err)
	for name := range strings.Lines(string(conffiles)) {
		if _, err := os.Stat(filepath.Join(root, strings.TrimSpace(name))); err != nil {
			t.Errorf("conffiles: %v", err)
		}
	}
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		run(t, nil, "sh", "-n", filepath.Join(root, "DEBIAN", script))
	}
}

// testPrinted looks at what the program prints of itself, where others look for it.
func testPrinted(t *testing.T, root string) {
	program, share := filepath.Join(root, "usr/bin/urocket"), filepath.Join(root, "usr/share")
	manual := run(t, nil, "gunzip", "-c", filepath.Join(share, "man/man1/urocket.1.gz"))
	if manual != run(t, nil, program, "manual") || !strings.Contains(manual, ".TH UROCKET 1\n") {
		t.Errorf("the manual page is another: %.200s", manual)
	}
	for file, args := range map[string][]string{
		"bash-completion/completions/urocket":    {"completion", "bash"},
		"zsh/vendor-completions/_urocket":        {"completion", "zsh"},
		"fish/vendor_completions.d/urocket.fish": {"completion", "fish"},
		"urocket/urocket-service.schema.json":    {"schema"},
	} {
		text, err := os.ReadFile(filepath.Join(share, file))
		check(t, err)
		if want := run(t, nil, program, args...); len(text) == 0 || string(text) != want {
			t.Errorf("%s is not what `urocket %s` prints", file, strings.Join(args, " "))
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "etc/urocket/urocket-service.yaml"))
	check(t, err)
	_, schema, _ := strings.Cut(string(text), "$schema=")
	schema, _, _ = strings.Cut(schema, "\n")
	if _, err := os.Stat(filepath.Join(root, schema)); err != nil {
		t.Errorf("an editor does not find the schema: %v", err)
	}
}

// Debian's version of what git describe says.
func TestVersion(t *testing.T) {
	t.Parallel()
	for described, want := range map[string]string{
		"v1.2.3": "1.2.3", "1.2.3-dirty": "1.2.3+dirty", "v1.2.3-4-gabc": "1.2.3+4.abc", "v2": "2",
		"v1.2.3-rc1": "1.2.3~rc1", "v1.2.3-rc.1-4-gabc-dirty": "1.2.3~rc1+4.abc+dirty",
		"5e92208": "0~20261122.5e92208", "5e92208-dirty": "0~20261122.5e92208+dirty", "unknown": "0~20261122.unknown",
	} {
		if got := strings.TrimSpace(run(t, []string{"VERSION=" + described, "SOURCE_DATE_EPOCH=" + epoch}, "scripts/dist.sh", "--debian-version")); got != want {
			t.Errorf("%s is %s, want %s", described, got, want)
		}
	}
}
