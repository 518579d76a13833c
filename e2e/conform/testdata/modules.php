<?php
require 'fact.php';
fact('extensions', get_loaded_extensions());
fact('ini file', php_ini_loaded_file());
fact('settings', [ini_get('memory_limit'), ini_get('display_errors'), count($_ENV) > 0]);
fact('call', [getenv('REQUEST_METHOD'), $argv]);
echo $undefined;
