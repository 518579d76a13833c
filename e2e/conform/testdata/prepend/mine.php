<?php
$before = "prepended in " . getcwd();
echo "prepend: ", basename(__FILE__), " $argc ", getenv("REQUEST_METHOD"), "\n";
function from_prepend() { return "its function"; }
