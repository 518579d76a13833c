package escape

import _ "embed"

// library is what the scripts have in common.
//
//go:embed library.php
var library string
