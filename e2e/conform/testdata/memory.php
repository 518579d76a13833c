<?php
register_shutdown_function(function () {
    $e = error_get_last();
    echo 'shutdown after: ', preg_replace('/\d+ bytes\)/', 'N bytes)', $e['message'] ?? 'nothing'), ' of type ', $e['type'] ?? 0, "\n";
});
echo ini_get('memory_limit'), "\n";
if ($argc > 1) {
    ini_set('memory_limit', $argv[1]);
}
$all = str_repeat('x', 48 << 20);
echo strlen($all), "\n";
