<?php
declare(ticks=1);
$n = 0;
register_tick_function($tick = function (string $word) use (&$n) { $n++; echo "$word $n\n"; }, 'tick');
$a = 1;
$b = 2;
if ($a < $b) {
    $c = 3;
}
unregister_tick_function($tick);
$d = 4;
echo "$n ticks\n";
