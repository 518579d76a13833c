<?php
require 'fact.php';
fact('loaded', extension_loaded('Zend OPcache'));
fact('enabled for scripts', [ini_get('opcache.enable'), ini_get('opcache.enable_cli')]);
fact('status', is_array(@opcache_get_status(false)));
fact('cached', @opcache_is_script_cached(__DIR__ . '/fact.php'));
fact('compile', @opcache_compile_file(__DIR__ . '/part.php'));
fact('invalidate', @opcache_invalidate(__DIR__ . '/part.php', true));
