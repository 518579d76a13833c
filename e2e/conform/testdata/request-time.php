<?php
require 'fact.php';
// The moment of this process, whatever was started when.
$stat = file_get_contents('/proc/self/stat');
$ticks = (int) explode(' ', substr($stat, strrpos($stat, ')') + 2))[19];
$now = microtime(true);
$start = $now - (float) file_get_contents('/proc/uptime') + $ticks / 100;
$time = $_SERVER['REQUEST_TIME_FLOAT'];
fact('types', [gettype($time), gettype($_SERVER['REQUEST_TIME'])]);
fact('after the start of the process', $time > $start - 0.1);
fact('before now', $time <= $now);
fact('whole seconds', $_SERVER['REQUEST_TIME'] === (int) $time);
fact('time', abs(time() - $now) < 2);
fact('monotonic', hrtime(true) < hrtime(true));
fact('date', date('Y') === gmdate('Y', (int) $now) || abs(date('Y') - gmdate('Y', (int) $now)) === 1);
fact('own time only', array_sum(array_intersect_key(getrusage(), ['ru_utime.tv_sec' => 1, 'ru_stime.tv_sec' => 1])));
