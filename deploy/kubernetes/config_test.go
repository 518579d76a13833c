// Package kubernetes_test has urocket read the configurations that the manifests give
// it. The manifests themselves are package check's, a module of its own.
package kubernetes_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestConfigurations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "urocket")
	build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-o", program, "github.com/urocket/urocket/cmd/urocket")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	document, err := os.ReadFile("base/openapi.yaml")
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, "openapi.yaml"), document, 0o600))
	for _, file := range []string{"base/urocket-service.yaml", "overlays/sidecar/urocket-service.yaml"} {
		text, err := os.ReadFile(file)
		check(t, err)
		// The folder of the socket is the container's.
		here := strings.Replace(string(text), "/run/urocket/urocket.sock", filepath.Join(dir, "urocket.sock"), 1)
		config := filepath.Join(dir, "urocket-service.yaml")
		check(t, os.WriteFile(config, []byte(here), 0o600))
		out, err := exec.Command(program, "dry", "-c", config).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "/hello/{name}") {
			t.Errorf("%s: %v: %s", file, err, out)
		}
	}
}
