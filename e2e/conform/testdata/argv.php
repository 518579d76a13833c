<?php
require 'fact.php';
fact('argv', array_map('bin2hex', $argv));
fact('argc', $argc);
fact('server argv', $_SERVER['argv'] === $argv);
fact('server argc', $_SERVER['argc'] === $argc);
function inside(): array
{
    global $argv, $argc;
    return [count($argv), $argc, $GLOBALS['argv'] === $argv];
}
fact('in a function', inside());
unset($argv, $argc);
fact('after unset', [isset($GLOBALS['argv']), isset($_SERVER['argv'])]);
