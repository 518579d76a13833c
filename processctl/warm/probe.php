<?php
/* urocket: what is to be known of a PHP before it is kept warm; run by php -r, without this line's tag. */
$usable = false;
try {
    $usable = class_exists('FFI', false) && FFI::cdef('int getpid(void);')->getpid() > 0;
} catch (Throwable $e) {
}
$disabled = [];
foreach (explode(' ', 'FUNCTIONS') as $f) {
    if (!function_exists($f)) {
        $disabled[] = $f;
    }
}
if (function_exists('session_status') && session_status() === PHP_SESSION_ACTIVE) {
    session_destroy(); // session.auto_start
}
echo "\0urocket", implode("\0", [
    '', PHP_SAPI, PHP_VERSION, PHP_ZTS, (int) $usable, count((array) @scandir('/proc/self/task')) - 2,
    implode(' ', $disabled), implode(' ', get_loaded_extensions()),
    ini_get('open_basedir'), ini_get('auto_prepend_file'), (int) ini_get('auto_globals_jit'), (int) ini_get('opcache.enable_cli'),
    ini_get('opcache.preload'), ini_get('opcache.file_cache'), (int) ini_get('register_argc_argv'), (int) ini_get('session.auto_start'),
    (string) php_ini_loaded_file(), (string) php_ini_scanned_files(), PHP_CONFIG_FILE_PATH, PHP_CONFIG_FILE_SCAN_DIR,
    (string) getenv('PHP_INI_SCAN_DIR'), "\n",
]);
