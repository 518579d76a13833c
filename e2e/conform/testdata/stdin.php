<?php
// In pieces, to the end.
$hash = hash_init('sha256');
for ($bytes = 0; !feof(STDIN); $bytes += strlen($piece)) {
    $piece = fread(STDIN, 70000);
    hash_update($hash, $piece);
}
echo $bytes, ' ', hash_final($hash), ' ', var_export(fread(STDIN, 10), true), "\n";
