<?php
require 'fact.php';
fact('sapi', [PHP_SAPI, php_sapi_name()]);
fact('binary', PHP_BINARY);
fact('version', [PHP_VERSION, PHP_OS, PHP_OS_FAMILY, PHP_INT_SIZE, PHP_ZTS, PHP_DEBUG, PHP_MAXPATHLEN, PHP_EOL, DIRECTORY_SEPARATOR, PATH_SEPARATOR]);
fact('uname', php_uname());
fact('ini files', [php_ini_loaded_file(), explode(",\n", (string) php_ini_scanned_files())]);
fact('cfg', [get_cfg_var('cfg_file_path'), get_cfg_var('given'), get_cfg_var('memory_limit')]);
fact('extension folder', PHP_EXTENSION_DIR);
fact('info', preg_match('/php\.ini/', (function () { ob_start(); phpinfo(INFO_GENERAL); return ob_get_clean(); })()));
fact('tmp', sys_get_temp_dir());
fact('temporary', dirname(tempnam(sys_get_temp_dir(), 'x')) === sys_get_temp_dir());
array_map('unlink', glob(sys_get_temp_dir() . '/x*'));
fact('host', gethostname());
fact('resolved', gethostbyname('localhost'));
fact('dl', function_exists('dl'));
