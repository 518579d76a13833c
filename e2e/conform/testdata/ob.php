<?php
$seen = [];
ob_start(function (string $text, int $phase) use (&$seen) {
    $seen[] = $phase;
    return strtoupper($text) . ($phase & PHP_OUTPUT_HANDLER_FINAL ? '<' . implode(',', $seen) . ">\n" : '');
});
echo "outer\n";
ob_flush();
ob_start(null, 8);
echo 'short';
echo ' and longer than eight';
ob_start();
echo 'thrown away';
ob_end_clean();
fwrite(STDOUT, "passes the buffers by\n");
file_put_contents('php://output', "\ninto the buffers\n");
file_put_contents('php://stdout', "passes them by too\n");
system('echo of a child');
echo json_encode([ob_get_level(), array_column(ob_get_status(true), 'name'), headers_sent(), ob_get_length()]), "\n";
print_r(1);
printf("%s\n", 'left open at the end');
register_shutdown_function(function () { echo 'level in shutdown ', ob_get_level(), "\n"; });
class C { public function __destruct() { echo "after all buffers\n"; } }
$c = new C;
