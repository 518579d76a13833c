package router

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// build adds GET for each template, with the template as its value.
func build(t testing.TB, templates ...string) *Router[string] {
	t.Helper()
	r := &Router[string]{}
	for _, p := range templates {
		if err := r.Add("GET", p, p); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// got writes a match as "template|name=value|name=value", "" for none.
func got(r *Router[string], path string) string {
	m, ok := r.Match(path)
	if !ok {
		return ""
	}
	v, params, ok := m.Verb("GET")
	if !ok {
		return "no GET"
	}
	for _, p := range params {
		v += "|" + p.Name + "=" + p.Value
	}
	return v
}

func TestMatch(t *testing.T) {
	r := build(t,
		"/", "/pets", "/pets/mine", "/pets/{id}", "/pets/{id}/toys/{toy}", "/pets/mine/toys/all",
		"/files/{name}.json", "/files/{name}", "/files/{name}.{ext}", "/files/x{name}.json",
		"/range/{a}..{b}", "/user/@{name}", "/enc/{id}", "/slash", "/slash/", "/deep/{a}/x", "/deep/b/{c}", "/deep/b/x/y",
		"/caf%C3%A9/{x}", "/100%/{x}", "/a%2Fb", "/{a}{b}/pair", "/é{x}", "/{user-id}:{x}/q", "//double", "/star/*",
	)
	for _, c := range []struct{ path, want string }{
		{"/", "/"},
		{"", ""},
		{"*", ""},
		{"pets", ""},
		{"/pets", "/pets"},
		{"/pets/", ""},
		{"/Pets", ""},
		{"/pets/mine", "/pets/mine"},
		{"/pets/minehut", "/pets/{id}|id=minehut"},
		{"/pets/7", "/pets/{id}|id=7"},
		{"/pets/mine/toys/ball", "/pets/{id}/toys/{toy}|id=mine|toy=ball"},
		{"/pets/mine/toys/all", "/pets/mine/toys/all"},
		{"/pets//toys/x", ""},
		{"/pets/7/toys/", ""},
		{"/pets/7/toys", ""},
		{"/pets/7/toys/1/2", ""},
		{"/p%65ts/m%69ne", "/pets/mine"},
		{"/pets%2Fmine", ""},
		{"/pets/7%2Ftoys%2F1", "/pets/{id}|id=7/toys/1"},
		{"/pets/%zz", ""},
		{"/pets/%", ""},
		{"/pets/7%00", "/pets/{id}|id=7\x00"},
		{"/pets/%ff", "/pets/{id}|id=\xff"},
		{"/pets/..", "/pets/{id}|id=.."},
		{"/enc/a+b", "/enc/{id}|id=a+b"},
		{"/enc/a%252Fb", "/enc/{id}|id=a%2Fb"},
		{"/enc/%7Bx%7D", "/enc/{id}|id={x}"},
		{"/enc/{id}", "/enc/{id}|id={id}"},
		{"/enc/", ""},
		{"/files/a.json", "/files/{name}.json|name=a"},
		{"/files/a.b.json", "/files/{name}.json|name=a.b"},
		{"/files/xa.json", "/files/x{name}.json|name=a"},
		{"/files/x.json", "/files/{name}.json|name=x"},
		{"/files/a%2Ejson", "/files/{name}.json|name=a"},
		{"/files/a.tar.gz", "/files/{name}.{ext}|name=a.tar|ext=gz"},
		{"/files/.json", "/files/{name}|name=.json"},
		{"/files/a.", "/files/{name}|name=a."},
		{"/files/plain", "/files/{name}|name=plain"},
		{"/range/1..9", "/range/{a}..{b}|a=1|b=9"},
		{"/range/1...9", "/range/{a}..{b}|a=1.|b=9"},
		{"/range/..9", ""},
		{"/range/1..", ""},
		{"/range/..", ""},
		{"/user/@bob", "/user/@{name}|name=bob"},
		{"/user/@", ""},
		{"/user/bob", ""},
		{"/slash", "/slash"},
		{"/slash/", "/slash/"},
		{"/slash//", ""},
		{"/deep/q/x", "/deep/{a}/x|a=q"},
		{"/deep/b/x", "/deep/b/{c}|c=x"},
		{"/deep/b/x/y", "/deep/b/x/y"},
		{"/caf%C3%A9/1", "/caf%C3%A9/{x}|x=1"},
		{"/caf%c3%a9/1", "/caf%C3%A9/{x}|x=1"},
		{"/café/1", "/caf%C3%A9/{x}|x=1"},
		{"/cafe/1", ""},
		{"/100%25/1", "/100%/{x}|x=1"},
		{"/a%2Fb", "/a%2Fb"},
		{"/a%2fb", "/a%2Fb"},
		{"/a/b", ""},
		{"/xyz/pair", "/{a}{b}/pair|a=xy|b=z"},
		{"/é/pair", ""},
		{"/xé/pair", "/{a}{b}/pair|a=x|b=é"},
		{"/x/pair", ""},
		{"/éa", "/é{x}|x=a"},
		{"/a:b:c/q", "/{user-id}:{x}/q|user-id=a:b|x=c"},
		{"//double", "//double"},
		{"/star/*", "/star/*"},
		{"/star/x", ""},
	} {
		if g := got(r, c.path); g != c.want {
			t.Errorf("Match(%q): got %q, want %q", c.path, g, c.want)
		}
	}
}

func TestPathFirstVerbSecond(t *testing.T) {
	var r Router[int]
	for i, e := range [][2]string{
		{"GET", "/pets/mine"},
		{"GET", "/pets/{id}"},
		{"DELETE", "/pets/{petId}"}, // same shape, another name
	} {
		if err := r.Add(e[0], e[1], i); err != nil {
			t.Fatal(err)
		}
	}
	m, ok := r.Match("/pets/mine")
	if !ok {
		t.Fatal("/pets/mine does not match")
	}
	if _, _, ok := m.Verb("DELETE"); ok {
		t.Error("DELETE of another template was found")
	}
	if v := m.Verbs(); !slices.Equal(v, []string{"GET"}) {
		t.Errorf("verbs of /pets/mine: %v", v)
	}
	m, _ = r.Match("/pets/7")
	if v := m.Verbs(); !slices.Equal(v, []string{"DELETE", "GET"}) {
		t.Errorf("verbs of /pets/7: %v", v)
	}
	for verb, name := range map[string]string{"GET": "id", "DELETE": "petId"} {
		if _, params, _ := m.Verb(verb); len(params) != 1 || params[0] != (Param{name, "7"}) {
			t.Errorf("%s: parameters %v, want %s=7", verb, params, name)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"", "does not begin"},
		{"pets", "does not begin"},
		{"/pets?x=1", "holds ?"},
		{"/pets#frag", "holds #"},
		{"/pets/{id", "{ has no }"},
		{"/pets/id}", "} has no {"},
		{"/pets/{a{b}}", "{ has no }"},
		{"/pets/{a/b}", "{ has no }"},
		{"/pets/{}", "no name"},
		{"/pets/{id}/toys/{id}", "{id} twice"},
		{"/pets/{id}-{id}", "{id} twice"},
	} {
		var r Router[int]
		err := r.Add("GET", c.path, 1)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Add(%q): error %v, want %q", c.path, err, c.want)
		}
		if _, ok := r.Match(c.path); ok {
			t.Errorf("%q matches although it was refused", c.path)
		}
	}
}

func TestAddConflict(t *testing.T) {
	for _, c := range [][2]string{
		{"/pets/{id}", "/pets/{name}"},
		{"/pets", "/pets"},
		{"/p%65ts", "/pets"},
		{"/files/{a}.json", "/files/{b}.json"},
	} {
		r := build(t, c[0])
		err := r.Add("GET", c[1], "")
		if !errors.Is(err, ErrConflict) {
			t.Fatalf("%v: error %v is no conflict", c, err)
		}
		for _, p := range c {
			if !strings.Contains(err.Error(), p) {
				t.Errorf("error %q does not name %s", err, p)
			}
		}
		if err := r.Add("POST", c[1], ""); err != nil {
			t.Errorf("another verb on the same shape: %v", err)
		}
	}
}

func TestTrimBase(t *testing.T) {
	for _, c := range []struct {
		path, base, want string
		ok               bool
	}{
		{"/v1/pets", "/v1", "/pets", true},
		{"/v1/pets", "/v1/", "/pets", true},
		{"/v1/", "/v1", "/", true},
		{"/v1", "/v1", "", false},
		{"/v1x/pets", "/v1", "", false},
		{"/v2/pets", "/v1", "", false},
		{"/%761/pets", "/v1", "/pets", true},
		{"/v1/%zz", "/v1", "/%zz", true},
		{"/%zz/pets", "/v1", "", false},
		{"/v1%2Fpets", "/v1", "", false},
		{"/api/v1/pets", "/api/v1", "/pets", true},
		{"/api", "/api/v1", "", false},
		{"/pets", "", "", false},
		{"/pets", "/", "", false},
		{"*", "/v1", "", false},
		{"", "/v1", "", false},
	} {
		if g, ok := TrimBase(c.path, c.base); ok != c.ok || ok && g != c.want {
			t.Errorf("TrimBase(%q, %q) = %q, %v; want %q, %v", c.path, c.base, g, ok, c.want, c.ok)
		}
	}
}

// A path of thousands of segments, or one that fits everywhere but at its end, must
// not cost more than a walk over the table.
func TestHostilePaths(t *testing.T) {
	var templates []string
	for _, a := range []string{"x", "{a}", "x{a}"} {
		for _, b := range []string{"x", "{b}", "x{b}"} {
			for _, c := range []string{"x", "{c}", "x{c}"} {
				templates = append(templates, "/"+a+"/"+b+"/"+c+"/end")
			}
		}
	}
	r := build(t, append(templates, "/m/{a}a{b}a{c}a{d}b")...)
	for _, path := range []string{
		strings.Repeat("/x", 10000),
		strings.Repeat("/", 10000),
		"/xx/xx/xx/nd",
		"/m/" + strings.Repeat("a", 30000) + "c",
		"/m/" + strings.Repeat("%61", 10000),
	} {
		if g := got(r, path); g != "" {
			t.Errorf("path of %d bytes matches %s", len(path), g)
		}
	}
}
