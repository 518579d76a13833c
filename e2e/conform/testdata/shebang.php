#!/usr/bin/env -S php -d display_errors=1
<?php
// The first line belongs to the kernel, and counts.
echo __LINE__, " ", $argc, "\n";
throw new Exception("at line 5");
