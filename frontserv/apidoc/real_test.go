package apidoc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urocket/urocket/frontserv/apidoc"
	"github.com/urocket/urocket/frontserv/router"
	"github.com/urocket/urocket/internal/realdoc"
)

func TestRealDocuments(t *testing.T) {
	for _, d := range realdoc.Large {
		t.Run(d.Name, func(t *testing.T) {
			file := d.File(t)
			start := time.Now()
			doc, findings, err := apidoc.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s from %s: %d operations, %d findings, loaded in %v", d.Name, d.Pack, len(doc.Operations()), len(findings), time.Since(start).Round(time.Millisecond))
			if n := len(doc.Operations()); n < d.Operations {
				t.Errorf("%d operations, want at least %d", n, d.Operations)
			}
			everyOperationIsFound(t, doc)
			start = time.Now()
			for _, o := range doc.Operations() {
				if _, err := o.Prepare(true, false); err != nil {
					t.Error(err)
				}
			}
			t.Logf("requests of all operations prepared in %v", time.Since(start).Round(time.Millisecond))
			examplesFit(t, doc)
		})
	}
}

// examplesFit makes examples. Almost every operation has one.
func examplesFit(t *testing.T, doc *apidoc.Document) {
	t.Helper()
	start, tried, without := time.Now(), 0, 0
	for i, o := range doc.Operations() {
		if i%5 != 0 { // every fifth: schemas are large
			continue
		}
		tried++
		if e := o.Example(i%2 == 0); e.Wrong != nil {
			without++
			t.Logf("%s %s: %v", o.Method, o.Path, e.Wrong)
		}
	}
	t.Logf("%d examples made in %v", tried, time.Since(start).Round(time.Millisecond))
	if without > tried/50 {
		t.Errorf("%d of %d operations have no example", without, tried)
	}
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
