package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// built is the bill of urocket, and its file.
func built(t *testing.T) (file string, b bill) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "urocket")
	build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-o", file, "github.com/urocket/urocket/cmd/urocket")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1795348975")
	text, err := run([]string{file}, "1.2.3+4", false, false)
	if err != nil {
		t.Fatal(err)
	}
	again, err := run([]string{file}, "1.2.3+4", false, false)
	if err != nil || string(again) != string(text) {
		t.Errorf("the second time it is another: %s (%v)", again, err)
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		t.Fatal(err)
	}
	return file, b
}

// What the specification demands of a bill, and what readers of one go by.
func TestBill(t *testing.T) {
	file, b := built(t)
	if b.Format != "CycloneDX" || b.Spec != "1.6" || b.Version != 1 || b.Metadata.Timestamp != "2026-11-22T12:02:55Z" {
		t.Errorf("%+v", b)
	}
	if _, err := uuid.Parse(strings.TrimPrefix(b.Serial, "urn:uuid:")); err != nil || !strings.HasPrefix(b.Serial, "urn:uuid:") {
		t.Errorf("serial number %q: %v", b.Serial, err)
	}
	bytes, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(bytes)
	self := b.Metadata.Component
	if self.Type != "application" || self.Name != "urocket" || self.Version != "1.2.3+4" || len(self.Hashes) != 1 ||
		self.Hashes[0] != (hash{"SHA-256", hex.EncodeToString(sum[:])}) || !strings.HasSuffix(self.PURL, "/urocket@1.2.3%2B4") {
		t.Errorf("the program is %+v", self)
	}
	refs := []string{self.Ref}
	for _, c := range append(b.Components, self) {
		if !regexp.MustCompile(`^pkg:golang/[a-z0-9./_-]+@[A-Za-z0-9._%-]+$`).MatchString(c.PURL) || c.Ref != c.PURL ||
			c.Name == "" || c.Version == "" || len(c.Licences) != 1 || c.Licences[0].Expression == "" {
			t.Errorf("component %+v", c)
		}
	}
	for _, c := range b.Components {
		if c.Type != "library" || slices.Contains(refs, c.Ref) {
			t.Errorf("%+v is no library, or is there twice", c)
		}
		refs = append(refs, c.Ref)
	}
	for i, d := range b.Dependencies {
		if d.Ref != refs[i] || i > 0 && d.On != nil {
			t.Errorf("dependency %d is %+v", i, d)
		}
	}
	if len(b.Dependencies) != len(refs) || !slices.Equal(b.Dependencies[0].On, refs[1:]) {
		t.Errorf("%d dependencies of %d components; of the program %q", len(b.Dependencies), len(b.Components), b.Dependencies[0].On)
	}
	for _, want := range []string{"std BSD-3-Clause", "github.com/getkin/kin-openapi MIT", "github.com/containerd/cgroups/v3 Apache-2.0"} {
		if !slices.ContainsFunc(b.Components, func(c component) bool { return c.Name+" "+c.Licences[0].Expression == want }) {
			t.Errorf("no %s in %+v", want, b.Components)
		}
	}
}

func TestNotices(t *testing.T) {
	full := licence{spdx: apache, text: "the text of Apache-2.0\n", notices: "made by somebody\n"}
	p := program{
		self: module{path: "example.org/urocket", licence: licence{spdx: "MIT", text: "ours\n"}},
		deps: []module{{path: "example.org/a", version: "v1", licence: full}, {path: "example.org/b", version: "v2", licence: licence{spdx: "ISC", text: "theirs\n"}}},
	}
	for _, debian := range []bool{false, true} {
		text := string(p.notices(debian))
		for _, want := range []string{"ours", "example.org/a v1 (Apache-2.0)", "made by somebody", "example.org/b v2 (ISC)", "theirs"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in %s", want, text)
			}
		}
		if strings.Contains(text, "the text of Apache-2.0") == debian || strings.Contains(text, "/usr/share/common-licenses/") != debian {
			t.Errorf("debian %v: %s", debian, text)
		}
	}
}

func TestIdentify(t *testing.T) {
	bsd := "Redistribution and use in source and\n  binary forms, with or without"
	for text, want := range map[string]string{
		"Permission is hereby granted,\nfree of charge, to any person obtaining a copy of": "MIT",
		bsd: "BSD-2-Clause",
		bsd + " may be used to endorse or\npromote products":                       "BSD-3-Clause",
		"Apache License\n     Version 2.0, January 2004 ... " + bsd:                "Apache-2.0 AND BSD-2-Clause",
		"Mozilla Public License Version 2.0\n==================================\n": "MPL-2.0",
	} {
		if got, err := identify(text); err != nil || got != want {
			t.Errorf("%q is %q (%v), want %s", text, got, err, want)
		}
	}
	if got, err := identify("All rights reserved."); err == nil {
		t.Errorf("an unknown licence is %q", got)
	}
}

func TestNoProgram(t *testing.T) {
	for _, args := range [][]string{nil, {"a", "b"}, {"/nowhere"}, {"main.go"}} {
		if text, err := run(args, "", false, false); err == nil {
			t.Errorf("%q: %s", args, text)
		}
	}
}
