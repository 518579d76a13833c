package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// licence is what the authors of a module demand.
type licence struct {
	spdx    string // an expression of SPDX's identifiers
	text    string
	notices string // what Apache-2.0 wants to be passed on
}

// apache is the one licence here that every Debian has in /usr/share/common-licenses.
const apache = "Apache-2.0"

// marks tell licences apart by words that stand in no other one.
var marks = []struct{ spdx, words string }{
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose"},
	{apache, "Apache License Version 2.0, January 2004"},
	{apache, `Licensed under the Apache License, Version 2.0 (the "License")`},
	{"MPL-2.0", "Mozilla Public License Version 2.0"},
	{"BSD-3-Clause", "may be used to endorse or promote products"},
	{"BSD-2-Clause", "Redistribution and use in source and binary forms"},
}

// readLicence reads the files that lie in the first folder of a module.
func readLicence(dir string) (l licence, err error) {
	if dir == "" {
		return l, errors.New("its sources are not here: go mod download")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return l, fmt.Errorf("look for the licence: %w", err)
	}
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		notice := strings.HasPrefix(name, "NOTICE")
		if e.IsDir() || !notice && !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return l, fmt.Errorf("read the licence: %w", err)
		}
		if notice {
			l.notices += trim(text)
		} else {
			l.text += trim(text)
		}
	}
	l.spdx, err = identify(l.text)
	return l, err
}

// identify gives the licence its name; a text may hold several.
func identify(text string) (string, error) {
	flat := strings.Join(strings.Fields(text), " ")
	var found []string
	for _, m := range marks {
		if !strings.Contains(flat, m.words) || slices.Contains(found, m.spdx) || m.spdx == "BSD-2-Clause" && slices.Contains(found, "BSD-3-Clause") {
			continue
		}
		found = append(found, m.spdx)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("its licence is none that is known here: read it, and teach scripts/sbom its words: %.200q", flat)
	}
	return strings.Join(found, " AND "), nil
}

// notices are the licences of all modules, in full, or with -debian by name where
// Debian has the text.
func (p program) notices(debian bool) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n\n%s\n", p.base(), p.self.licence.text)
	fmt.Fprintf(&b, "%s is linked with the following, which are under licences of their own.\n", p.base())
	for _, d := range p.deps {
		fmt.Fprintf(&b, "\n%s\n%s %s (%s)\n\n", strings.Repeat("-", 80), d.path, d.version, d.licence.spdx)
		if debian && d.licence.spdx == apache {
			b.WriteString("Licensed under the Apache License, Version 2.0, which is in /usr/share/common-licenses/Apache-2.0.\n")
		} else {
			b.WriteString(d.licence.text)
		}
		if d.licence.notices != "" {
			b.WriteString("\n" + d.licence.notices)
		}
	}
	return b.Bytes()
}

func trim(text []byte) string {
	return strings.Trim(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") + "\n"
}
