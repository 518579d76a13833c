<?php
/* urocket: what is to be known of a PHP before it is kept warm; run by php -r, without this line's tag. */
$usable = false;
try {
    $usable = class_exists('FFI', false) && FFI::cdef('int getpid(void);')->getpid() > 0;
} catch (Throwable $e) {
}
$disabled = [];
foreach (['getenv', 'putenv', 'ini_get', 'set_time_limit', 'getmypid', 'chdir', 'fopen', 'fread', 'stream_set_read_buffer',
    'scandir', 'readlink', 'file_get_contents', 'microtime', 'clearstatcache', 'get_included_files'] as $f) {
    if (!function_exists($f)) {
        $disabled[] = $f;
    }
}
echo "\0urocket", implode("\0", [
    '', PHP_SAPI, PHP_VERSION, PHP_ZTS, (int) $usable, count((array) @scandir('/proc/self/task')) - 2,
    implode(' ', $disabled), implode(' ', get_loaded_extensions()),
    ini_get('open_basedir'), ini_get('auto_prepend_file'), (int) ini_get('auto_globals_jit'), (int) ini_get('opcache.enable_cli'),
    (string) php_ini_loaded_file(), (string) php_ini_scanned_files(), PHP_CONFIG_FILE_PATH, PHP_CONFIG_FILE_SCAN_DIR,
    (string) getenv('PHP_INI_SCAN_DIR'), "\n",
]);
