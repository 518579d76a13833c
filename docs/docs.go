// Package docs holds the documentation that the program speaks from.
package docs

import _ "embed"

// Configuration is configuration.md, whose tables describe every key.
//
//go:embed configuration.md
var Configuration string
