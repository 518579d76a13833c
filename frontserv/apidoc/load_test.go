package apidoc

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// write puts files into a folder of their own and returns the folder.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// load reads a document from text.
func load(t testing.TB, text string) *Document {
	t.Helper()
	d, _, err := Load(filepath.Join(write(t, map[string]string{"api.yaml": text}), "api.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const head = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\n"

func TestOperations(t *testing.T) {
	d := load(t, head+`
paths:
  /b: {post: {responses: {'200': {description: d}}}, get: {responses: {'200': {description: d}}}}
  /a: {trace: {responses: {'200': {description: d}}}}
  /none: {}
`)
	var got []string
	for _, o := range d.Operations() {
		got = append(got, o.Method+" "+o.Path)
		if d.Operation(o.Path, o.Method) != o {
			t.Errorf("Operation(%s, %s) is another one", o.Path, o.Method)
		}
	}
	if want := "TRACE /a, GET /b, POST /b"; strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if !d.HasPath("/none") || d.HasPath("/c") || d.Operation("/b", "PUT") != nil || d.Operation("/c", "GET") != nil {
		t.Error("HasPath or Operation is wrong")
	}
	if d := load(t, "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"); len(d.Operations()) != 0 {
		t.Error("operations in a document without paths")
	}
}

func TestBasePath(t *testing.T) {
	for url, want := range map[string]string{
		"https://api.example.com/v1":         "/v1",
		"https://api.example.com/v1/":        "/v1",
		"https://api.example.com":            "",
		"https://api.example.com/":           "",
		"https://api.example.com/a/b?x=1#y":  "/a/b",
		"//kubernetes.local":                 "",
		"//host/base":                        "/base",
		"/v2":                                "/v2",
		"/":                                  "",
		"v3":                                 "/v3",
		".":                                  "",
		"https://{region}.example.com/{v}/x": "/v7/x",
		"https://{unknown}/v1":               "/v1",
	} {
		d := load(t, head+"servers: [{url: '"+url+"', variables: {v: {default: v7}, region: {default: eu}}}, {url: /second}]\npaths: {}\n")
		if got := d.BasePath(); got != want {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
	if got := load(t, head+"paths: {}\n").BasePath(); got != "" {
		t.Errorf("without servers: %q", got)
	}
}

const refPaths = "paths: {/p: {post: {requestBody: {required: true, content: {application/json: {schema: {$ref: 'REF'}}}}, responses: {'200': {description: d}}}}}\n"

func TestReferencesToFiles(t *testing.T) {
	dir := write(t, map[string]string{
		"api.yaml":             head + strings.Replace(refPaths, "REF", "parts/pet.yaml#/Pet", 1),
		"parts/pet.yaml":       "Pet: {type: object, required: [name], properties: {name: {type: string}, owner: {$ref: '../people/owner.json'}, child: {$ref: '#/Pet'}}}\n",
		"people/owner.json":    `{"type": "object", "properties": {"age": {"type": "integer"}}}`,
		"parts/unrelated.yaml": "{{{",
	})
	d, findings, err := Load(filepath.Join(dir, "api.yaml"))
	if err != nil || len(findings) != 0 {
		t.Fatal(err, findings)
	}
	o := d.Operation("/p", "POST")
	wantFaults(t, o, post(`{"owner":{"age":"x"},"child":{"child":{"name":1}}}`), "body /child/child/name must be a string",
		"body /child/name is required", "body /name is required", "body /owner/age must be an integer")
}

func TestReferencesThatAreRefused(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.yaml")
	if err := os.WriteFile(outside, []byte("type: string\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{
		"http://127.0.0.1:1/x.yaml":    "only files",
		"//127.0.0.1/x.yaml":           "only files",
		"ftp://host/x.yaml":            "only files",
		"../secret.yaml":               "not under the document's folder",
		outside:                        "not under the document's folder",
		"link.yaml":                    "escapes",
		"linkdir/secret.yaml":          "escapes",
		"missing.yaml":                 "no such file",
		"pipe":                         "not a regular file",
		"sub":                          "not a regular file",
		"#/components/schemas/Missing": "api.yaml: a $ref leads nowhere: #/components/schemas/Missing",
	} {
		dir := write(t, map[string]string{"api.yaml": head + strings.Replace(refPaths, "REF", ref, 1), "sub/x": ""})
		for link, to := range map[string]string{"link.yaml": outside, "linkdir": filepath.Dir(outside)} {
			if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
				t.Fatal(err)
			}
		}
		if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
			t.Fatal(err)
		}
		if ref == "pipe" { // opening a pipe waits for a writer
			w, err := os.OpenFile(filepath.Join(dir, "pipe"), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
		}
		_, _, err := Load(filepath.Join(dir, "api.yaml"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("$ref %s: error %v, want %q", ref, err, want)
		}
	}
}

// A document that is itself a link, as Kubernetes mounts a ConfigMap, is read; so are
// links that stay inside.
func TestLinksInside(t *testing.T) {
	dir := write(t, map[string]string{
		"..data/api.yaml": head + strings.Replace(refPaths, "REF", "pet.yaml", 1),
		"..data/pet.yaml": "type: object\n",
	})
	for _, name := range []string{"api.yaml", "pet.yaml"} {
		if err := os.Symlink("..data/"+name, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := Load(filepath.Join(dir, "api.yaml")); err != nil {
		t.Error(err)
	}
}

func TestLoadErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"swagger: '2.0'\ninfo: {title: t, version: '1'}\npaths: {/p: {get: {responses: {'200': {description: d, schema: {$ref: '#/definitions/X'}}}}}}\n", "Swagger 2.0"},
		{`{"swagger": "2.0", "paths": {"/p": {"get": {"parameters": [{"$ref": "#/parameters/x"}]}}}}`, "Swagger 2.0"},
		{"openapi: 4.0.0\ninfo: {title: t, version: '1'}\npaths: {}\n", "4.0.0 is not supported"},
		{"hello: world\n", "no key openapi"},
		{"", "no key openapi"},
		{"{\n\"openapi\": \"3.0.3\",\n \"oops\" \"x\"\n}", "line 3"},
		{"openapi: 3.0.3\npaths:\n  /a: [\n", "/f: line 3: did not find"},
		{head + "paths: {/p: {get: {parameters: [{$ref: '#/nowhere'}], responses: {}}}}\n", "nowhere"},
	} {
		_, _, err := Load(filepath.Join(write(t, map[string]string{"f": c.text}), "f"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: error %v, want %q", c.text, err, c.want)
			continue
		}
		if s := err.Error(); strings.Contains(s, "\n") || strings.Contains(s, "json error") || len(s) > 300 {
			t.Errorf("%.40q: error is not a line: %q", c.text, s)
		}
	}
	if _, _, err := Load(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a missing file loads")
	}
}

func TestFindings(t *testing.T) {
	var many strings.Builder
	for i := range 50 {
		many.WriteString("  /p" + string(rune('A'+i%26)) + string(rune('a'+i/26)) + ": {get: {parameters: [{name: x, in: query, schema: {type: integer, default: wrong}}], responses: {'200': {description: d}}}}\n")
	}
	for _, c := range []struct {
		name, text, want string
		count            int
	}{
		{"a fault that does not matter", head + "paths: {'/a/{x}': {get: {responses: {'200': {description: d}}}}}\n", "x", 1},
		{"a later version", "openapi: 3.2.0\ninfo: {title: t, version: '1'}\npaths: {}\n", "read as 3.1", 1},
		{"many", head + "paths:\n" + many.String(), "and 30 more", maxFindings + 1},
		{"large", head + "paths: {}\nx-fill: '" + strings.Repeat("x", maxValidated) + "'\n", "left out", 1},
	} {
		_, findings, err := Load(filepath.Join(write(t, map[string]string{"f": c.text}), "f"))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(findings) != c.count || !strings.Contains(string(findings[len(findings)-1]), c.want) {
			t.Errorf("%s: findings %q, want %d, the last with %q", c.name, findings, c.count, c.want)
		}
		for _, f := range findings {
			if strings.Contains(string(f), "\n") || len(f) > 210 {
				t.Errorf("%s: finding is not a line: %q", c.name, f)
			}
		}
	}
}

// The digest is that of the names and bytes of all files, in whatever order and
// however often the loader reads them.
func TestDigest(t *testing.T) {
	const api = head + `
paths:
  /a: {get: {responses: {'200': {$ref: 'a.yaml#/r'}}}}
  /b: {get: {responses: {'200': {$ref: 'b.yaml#/r'}}}}
  /c: {get: {responses: {'200': {$ref: 'a.yaml#/r'}}}}
`
	digest := func(a, b string) Digest {
		d, _, err := Load(filepath.Join(write(t, map[string]string{"api.yaml": api, "a.yaml": a, "b.yaml": b}), "api.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		return d.Digest()
	}
	const one, other = "r: {description: one}\n", "r: {description: other}\n"
	first := digest(one, other)
	for range 20 {
		if digest(one, other) != first {
			t.Fatal("the same document has two digests")
		}
	}
	for _, files := range [][2]string{{other, one}, {one, one}, {one, other + "\n"}} {
		if digest(files[0], files[1]) == first {
			t.Errorf("another document has the same digest: %q", files)
		}
	}
}
