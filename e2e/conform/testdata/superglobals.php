<?php
require 'fact.php';
fact('empty ones', [$_GET, $_POST, $_COOKIE, $_FILES, $_REQUEST]);
foreach (['PHP_SELF', 'SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_TRANSLATED', 'DOCUMENT_ROOT', 'argc', 'HTTP_HOST', 'REMOTE_ADDR', 'SERVER_PROTOCOL'] as $name) {
    fact('$_SERVER ' . $name, $_SERVER[$name] ?? null);
}
$names = array_keys($GLOBALS);
sort($names);
fact('globals', $names);
fact('filter_input', [
    filter_input(INPUT_SERVER, 'SCRIPT_NAME'), filter_input(INPUT_SERVER, 'REQUEST_ID') === getenv('REQUEST_ID'),
    filter_input(INPUT_ENV, 'REQUEST_ID') === getenv('REQUEST_ID'), filter_input(INPUT_GET, 'x'), filter_has_var(INPUT_SERVER, 'REQUEST_ID'),
]);
fact('this', isset($this));
