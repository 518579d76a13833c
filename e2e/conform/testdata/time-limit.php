<?php
register_shutdown_function(function () { echo 'shutdown after: ', error_get_last()['message'] ?? 'nothing', "\n"; });
echo ini_get('max_execution_time'), "\n";
if ($argc > 1) {
    set_time_limit((int) $argv[1]);
}
// On one line, which the message names.
for ($end = microtime(true) + 20; microtime(true) < $end; hash('sha256', 'x'));
echo "nothing stopped this\n";
