package apidoc

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// readDocument loads a document with everything it refers to.
func readDocument(file string) (*openapi3.T, *files, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, nil, fmt.Errorf("find the document: %w", err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("read the document: %w", err)
	}
	folder, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return nil, nil, fmt.Errorf("open the document's folder: %w", err)
	}
	defer folder.Close()

	f := &files{folder: folder, seen: map[string]bool{}}
	f.count(filepath.Base(file), data)
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = true
	loader.ReadFromURIFunc = f.read
	t, err := loader.LoadFromDataWithPath(data, &url.URL{Path: filepath.ToSlash(file)})
	if err != nil {
		return nil, nil, fmt.Errorf("load the document %s: %w", file, explainLoad(data, err))
	}
	return t, f, nil
}

// files reads what a document refers to, from one folder only. The folder's handle keeps
// ".." and symbolic links from leading out of it.
type files struct {
	folder *os.Root
	size   int64 // bytes of all files together
	digest Digest
	seen   map[string]bool // counted already, by name
}

// Digest tells a document from another, by the names and the bytes of all its files.
type Digest [sha256.Size]byte

// count adds a file. Which comes first, and how often one is read, is the loader's affair
// and changes from one load to the next, so neither matters.
func (f *files) count(name string, data []byte) {
	if f.seen[name] {
		return
	}
	f.seen[name] = true
	f.size += int64(len(data))
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %d ", len(name), name, len(data))
	_, _ = h.Write(data) // never fails
	for i, b := range h.Sum(nil) {
		f.digest[i] += b
	}
}

func (f *files) read(_ *openapi3.Loader, u *url.URL) ([]byte, error) {
	if u.Host != "" || u.Scheme != "" && u.Scheme != "file" {
		return nil, fmt.Errorf("$ref to %s: only files under the document's folder are read", u.Redacted())
	}
	name, err := filepath.Rel(f.folder.Name(), filepath.FromSlash(u.Path))
	if err != nil || !filepath.IsLocal(name) {
		return nil, fmt.Errorf("$ref to %s: it is not under the document's folder", u.Path)
	}
	h, err := f.folder.Open(name)
	if err != nil {
		return nil, fmt.Errorf("$ref to %s: %w", name, err)
	}
	defer h.Close()
	// A pipe or device would never end.
	if info, err := h.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("$ref to %s: it is not a regular file", name)
	}
	data, err := io.ReadAll(h)
	if err != nil {
		return nil, fmt.Errorf("$ref to %s: %w", name, err)
	}
	f.count(name, data)
	return data, nil
}

var errSwagger = errors.New("the document is Swagger 2.0; only OpenAPI 3.0 and 3.1 are supported")

var swagger2 = regexp.MustCompile(`(?m)^\s*\{?\s*["']?swagger["']?\s*:\s*["']?2`)

var (
	noConversion = regexp.MustCompile(`(error converting YAML to JSON: )?(yaml: )?`)
	lostKey      = regexp.MustCompile(`map key "?([^" ]+)"? not found`)
)

// explainLoad puts the likely cause in place of the loader's text, which tells of JSON and
// YAML at once whatever the file is.
func explainLoad(data []byte, err error) error {
	if swagger2.Match(data[:min(len(data), 1<<16)]) {
		return errSwagger
	}
	if strings.HasPrefix(strings.TrimSpace(string(data[:min(len(data), 1<<10)])), "{") {
		var syntax *json.SyntaxError
		if errors.As(json.Unmarshal(data, &json.RawMessage{}), &syntax) {
			line := 1 + strings.Count(string(data[:syntax.Offset]), "\n")
			return fmt.Errorf("line %d: %w", line, syntax)
		}
	}
	text := err.Error()
	if before, yaml, ok := strings.Cut(text, "yaml error: "); ok && strings.Contains(before, "json error: ") {
		text = yaml
	}
	text = noConversion.ReplaceAllString(text, "")
	if key := lostKey.FindStringSubmatch(text); key != nil {
		ref := regexp.MustCompile(`\$ref["']?\s*:\s*["']?([^"'\s{}]*/` + regexp.QuoteMeta(key[1]) + `(/[^"'\s{}]*)?)(["'\s{}]|$)`).FindSubmatch(data)
		if ref != nil {
			text = string(ref[1]) + ": " + text
		}
		text = "a $ref leads nowhere: " + text
	}
	return errors.New(oneLine(text))
}
