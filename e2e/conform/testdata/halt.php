<?php
require 'fact.php';
fact('offset', __COMPILER_HALT_OFFSET__);
$self = fopen(__FILE__, 'r');
fseek($self, __COMPILER_HALT_OFFSET__);
fact('data', stream_get_contents($self));
fact('by SplFileObject', (function () { $f = new SplFileObject(__FILE__); $f->fseek(__COMPILER_HALT_OFFSET__); return $f->fgets(); })());
__halt_compiler();first line
<?php this is no code
last line
