<?php
require 'fact.php';
header('X-Nobody: sees this', true, 404);
setcookie('a', 'b');
fact('list', headers_list());
fact('code', http_response_code());
http_response_code(500);
fact('sent', headers_sent($file, $line));
fact('where', [basename($file), $line > 0]);
header('X-Late: 1');
header_register_callback(fn () => print("callback\n"));
fact('sapi', [PHP_SAPI, php_sapi_name(), function_exists('getallheaders') && function_exists('apache_request_headers') && false]);
