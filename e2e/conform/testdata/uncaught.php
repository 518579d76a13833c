<?php
function inner(array $a, string $secret) { throw new RuntimeException("boom\nin two lines", 7, new LogicException('cause')); }
register_shutdown_function(fn () => print("shutdown\n"));
class C { public function __destruct() { echo "destructor\n"; } }
$c = new C;
inner([1, 2], 'argument');
