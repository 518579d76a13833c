<?php
class P { public $a = 1.1; protected $b = [true, null]; private $c = 'ü'; public function __serialize(): array { return get_object_vars($this); } public function __unserialize(array $d): void { echo json_encode($d), "\n"; } }
$text = serialize([new P, 0.1 + 0.2, PHP_INT_MAX, -0.0, INF, "\0"]);
echo bin2hex($text), "\n";
var_dump(unserialize($text)[1], unserialize('O:8:"NotThere":0:{}'), @unserialize('rubbish'));
var_export([1.0, 1e100, 'a' => new ArrayObject([1]), null]);
echo "\n", json_encode([0.1, 1.0, 1e25, "é\u{1F600}", NAN > 1]), ' ', print_r(1 / 3, true), ' ', PHP_EOL === "\n" ? 'lf' : 'other', "\n";
echo bin2hex(pack('nvNVJPdE', 1, 2, 3, 4, 5, 6, 1.5, 2.5)), ' ', crc32('urocket'), ' ', md5('x'), "\n";
echo number_format(1234567.891, 2), ' ', sprintf('%05.1f|%x|%e', 3.14159, 255, 12345.678), ' ', (string) 1e15, ' ', 7.0, "\n";
