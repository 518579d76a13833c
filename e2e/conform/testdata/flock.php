<?php
// A number in a file, counted up under a lock by many at once.
$file = fopen('counter', 'c+');
flock($file, LOCK_EX);
$n = (int) stream_get_contents($file);
usleep(20000);
rewind($file);
fwrite($file, (string) ($n + 1));
fflush($file);
$second = fopen('counter', 'r');
echo json_encode([flock($second, LOCK_EX | LOCK_NB, $would), $would]), "\n";
// Not unlocked: the end of the process does it.
