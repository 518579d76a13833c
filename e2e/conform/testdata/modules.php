<?php
echo json_encode([get_loaded_extensions(), php_ini_loaded_file(), ini_get('memory_limit'), ini_get('display_errors'), getenv('REQUEST_METHOD'), $argv, count($_ENV) > 0]), "\n";
echo $undefined;
