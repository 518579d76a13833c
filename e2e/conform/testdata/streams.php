<?php
require 'fact.php';
foreach (['STDIN' => STDIN, 'STDOUT' => STDOUT, 'STDERR' => STDERR] as $name => $stream) {
    $meta = stream_get_meta_data($stream);
    unset($meta['unread_bytes']);
    fact("$name meta", $meta);
    fact("$name kind", decoct(fstat($stream)['mode'] & 0170000));
    fact("$name resource", [get_resource_type($stream), (int) $stream]);
    fact("$name terminal", [stream_isatty($stream), posix_isatty($stream), sapi_kind($stream)]);
    fact("$name flags", preg_replace('/\s+/', ' ', preg_grep('/^flags/', file('/proc/self/fdinfo/' . (int) array_search($name, ['STDIN', 'STDOUT', 'STDERR'])))[1]));
}
function sapi_kind($stream): bool
{
    return stream_is_local($stream) && stream_supports_lock($stream);
}
$open = [];
foreach (scandir('/proc/self/fd') as $fd) {
    $to = @readlink("/proc/self/fd/$fd");
    if ($to && !preg_match('~^/proc/\d+/fd$~', $to)) {
        $open[$fd] = preg_replace('/\d{3,}/', 'N', $to);
    }
}
fact('descriptors', $open);
echo "echo\n";
fwrite(STDOUT, "constant\n");
file_put_contents('php://fd/1', "by number\n");
file_put_contents('/dev/stdout', "device\n");
file_put_contents('/proc/self/fd/2', "device of errors\n");
fwrite(STDERR, "constant of errors\n");
file_put_contents('php://stderr', "wrapper of errors\n");
fclose(STDERR);
error_log('to nobody');
fclose(STDOUT);
// Output that goes nowhere ends a script.
echo "lost\n";
file_put_contents("after", "was reached");
exit(2);
