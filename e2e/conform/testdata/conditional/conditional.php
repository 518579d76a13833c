<?php
// What a cache of compiled code could mix up: the same file, another outcome in each call.
if ($argv[1] === 'a') {
    class Chosen { const NAME = 'first'; }
    function chosen() { return 'function a'; }
    define('CHOSEN', 'a');
} else {
    class Chosen { const NAME = 'second'; public $more = 1; }
    function chosen() { return 'function b'; }
    define('CHOSEN', 'b');
}
function counted(): int
{
    static $n = 0;
    static $made = new ArrayObject([1]);
    $made[] = ++$n;
    return count($made);
}
class Late extends Early { public static $seen = []; }
class Early { public function who() { return static::class; } }
echo Chosen::NAME, ' ', chosen(), ' ', CHOSEN, ' ', count(get_class_vars('Chosen')), "\n";
echo counted(), counted(), counted(), ' ', (new Late)->who(), ' ', count(Late::$seen), "\n";
Late::$seen[] = 1;
require 'variant-' . $argv[1] . '.php';
echo variant(), ' ', Shared::VALUE, ' ', \defined('ONLY_' . strtoupper($argv[1])) ? 'has' : 'lacks', "\n";
echo json_encode(array_values(array_filter(get_declared_classes(), fn ($c) => (new ReflectionClass($c))->isUserDefined()))), "\n";
echo json_encode(get_defined_functions()['user']), ' ', json_encode(get_defined_constants(true)['user']), "\n";
