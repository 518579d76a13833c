<?php
// Five megabytes of every byte there is, by turns by two ways.
$piece = implode('', array_map('chr', range(0, 255)));
for ($i = 0; $i < 20480; $i++) {
    $i % 7 ? print($piece) : fwrite(STDOUT, strrev($piece));
}
fwrite(STDERR, "all written\n");
