<?php
// exit with the number, or the text, that is given.
function deeper(string $how): never
{
    try {
        exit(is_numeric($how) ? (int) $how : $how);
    } finally {
        echo "a finally that exit passes by\n";
    }
}
echo "before\n";
deeper($argv[1]);
