// Package php holds what PHP scripts need to speak to urocket.
package php

import _ "embed"

// Helper is urocket.php, a file that scripts include.
//
//go:embed urocket.php
var Helper []byte
