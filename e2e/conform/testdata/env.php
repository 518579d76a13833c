<?php
require 'fact.php';
$env = getenv();
ksort($env);
foreach ($env as $name => $value) {
    fact("env $name", strlen($value) > 200 ? [strlen($value), sha1($value)] : $value);
}
fact('one by one', array_filter(array_keys($env), fn ($name) => getenv($name) !== $env[$name]));
fact('local only', getenv('REQUEST_ID', true) === getenv('REQUEST_ID'));
fact('not there', getenv('NOT_THERE'));
$server = $_SERVER;
fact('in $_SERVER', array_filter(array_keys($env), fn ($name) => ($server[$name] ?? null) !== $env[$name]));
fact('only in $_SERVER', (function (array $names) { sort($names); return $names; })(array_keys(array_diff_key($server, $env))));
$in = $_ENV;
ksort($in);
fact('$_ENV', array_map(fn ($v) => strlen($v) > 200 ? sha1($v) : $v, $in));
fact('variables_order', ini_get('variables_order'));
fact('hex', bin2hex((string) getenv('ODD')));
