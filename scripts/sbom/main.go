// Command sbom says what is in a Go program, from what the Go tool has written into it:
//
//	sbom -version 1.2.3 FILE             a bill of materials, CycloneDX 1.6 in JSON
//	sbom -licences FILE                  the licences of all that is linked, in full
//	sbom -licences -debian FILE          the same as Debian wants it: what /usr/share/common-licenses has is named
//
// It is run in the module that the program was built from: the licences are those of its modules, as `go list -m`
// finds them. A licence that it does not know is an error, for somebody has to read it. The same program gives the
// same text: the serial number comes from the program's own bytes, the time from SOURCE_DATE_EPOCH, if that is set.
package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	version := flag.String("version", "", "the version of the program, if it is not a released module")
	licences := flag.Bool("licences", false, "print licences instead")
	debian := flag.Bool("debian", false, "name the licences that every Debian has")
	flag.Parse()
	text, err := run(flag.Args(), *version, *licences, *debian)
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string, version string, licences, debian bool) ([]byte, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("there is one argument, the program; here are %d", len(args))
	}
	p, err := read(args[0])
	if err != nil {
		return nil, err
	}
	if version != "" {
		p.self.version = version
	}
	if licences {
		return p.notices(debian), nil
	}
	when, err := epoch()
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(p.bill(when), "", "  ")
}

// program is a file and what is linked into it.
type program struct {
	bytes []byte
	goos  string
	arch  string
	self  module
	deps  []module // the standard library first
}

// module is one part of a program.
type module struct {
	path    string
	version string
	sum     string // of go.sum, "" for the standard library
	licence licence
}

// read takes a program apart.
func read(file string) (p program, err error) {
	if p.bytes, err = os.ReadFile(file); err != nil {
		return p, err
	}
	info, err := buildinfo.Read(bytes.NewReader(p.bytes))
	if err != nil {
		return p, fmt.Errorf("read what the Go tool wrote into %s: %w", file, err)
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "GOOS":
			p.goos = s.Value
		case "GOARCH":
			p.arch = s.Value
		}
	}
	p.self = module{path: info.Main.Path, version: info.Main.Version}
	p.deps = []module{{path: "std", version: strings.TrimPrefix(info.GoVersion, "go")}}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		p.deps = append(p.deps, module{path: d.Path, version: d.Version, sum: d.Sum})
	}
	return p, p.findLicences()
}

// findLicences reads the licences from where the Go tool has the sources.
func (p *program) findLicences() error {
	args := []string{"list", "-m", "-f", "{{.Path}} {{.Dir}}", p.self.path}
	for _, d := range p.deps[1:] {
		args = append(args, d.path+"@"+d.version)
	}
	list, err := goTool(args...)
	if err != nil {
		return err
	}
	std, err := goTool("env", "GOROOT")
	if err != nil {
		return err
	}
	where := map[string]string{"std": strings.TrimSpace(std)}
	for line := range strings.Lines(list) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		where[path] = dir
	}
	if p.self.licence, err = readLicence(where[p.self.path]); err != nil {
		return err
	}
	for i := range p.deps {
		d := &p.deps[i]
		if d.licence, err = readLicence(where[d.path]); err != nil {
			return fmt.Errorf("module %s: %w", d.path, err)
		}
	}
	return nil
}

func goTool(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", args[0], err)
	}
	return string(out), nil
}

// epoch is the time that the text is to bear; zero: none.
func epoch() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is seconds since 1970: %w", err)
	}
	return time.Unix(n, 0).UTC(), nil
}

// base is the program's name.
func (p program) base() string { return filepath.Base(p.self.path) }
