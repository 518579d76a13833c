package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// bill is a bill of materials as CycloneDX 1.6 has it.
type bill struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Serial       string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp string    `json:"timestamp,omitempty"`
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Licences   []choice   `json:"licenses"`
	PURL       string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// choice is a licence by SPDX's words for it.
type choice struct {
	Expression string `json:"expression"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref string   `json:"ref"`
	On  []string `json:"dependsOn,omitempty"`
}

// bill lists what the program is made of. The Go tool does not say which module needs
// which: all of them are the program's.
func (p program) bill(when time.Time) bill {
	sum := sha256.Sum256(p.bytes)
	self := p.self.component("application")
	self.Name = p.base()
	self.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum[:])}}
	self.Properties = []property{{"urocket:os", p.goos}, {"urocket:architecture", p.arch}}
	b := bill{
		Format: "CycloneDX", Spec: "1.6", Version: 1,
		Serial:   "urn:uuid:" + serial(sum),
		Metadata: metadata{Component: self},
	}
	if !when.IsZero() {
		b.Metadata.Timestamp = when.Format(time.RFC3339)
	}
	all := dependency{Ref: self.Ref}
	for _, d := range p.deps {
		c := d.component("library")
		b.Components = append(b.Components, c)
		b.Dependencies = append(b.Dependencies, dependency{Ref: c.Ref})
		all.On = append(all.On, c.Ref)
	}
	b.Dependencies = append([]dependency{all}, b.Dependencies...)
	return b
}

func (m module) component(kind string) component {
	url := m.url()
	c := component{Type: kind, Ref: url, Name: m.path, Version: m.version, PURL: url, Licences: []choice{{m.licence.spdx}}}
	if m.sum != "" {
		c.Properties = []property{{"urocket:go.sum", m.sum}}
	}
	return c
}

// url names a module as the package URL specification does.
func (m module) url() string {
	escape := strings.NewReplacer("%", "%25", "+", "%2B", " ", "%20", "(", "%28", ")", "%29")
	return "pkg:golang/" + strings.ToLower(m.path) + "@" + escape.Replace(m.version)
}

// serial makes a UUID of version 8 (RFC 9562, of one's own making) of a checksum.
func serial(b [sha256.Size]byte) string {
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
