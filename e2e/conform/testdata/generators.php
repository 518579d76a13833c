<?php
function numbers() {
    try {
        $sent = yield 1;
        echo "sent $sent\n";
        yield from [2, 3];
        return 'returned';
    } finally {
        echo "finally\n";
    }
}
$g = numbers();
echo $g->current(), $g->send('x'), "\n";
while ($g->next() || $g->valid()) {
    echo $g->key(), '=>', $g->current(), "\n";
}
echo $g->getReturn(), "\n";
$lines = (function () { try { while (true) { yield fgets(STDIN); } } finally { echo "closed at the end\n"; } })();
echo $lines->current();
$lines->next();
echo $lines->current();
$broken = (function () { yield 1; throw new DomainException('in a generator'); })();
foreach ($broken as $v) {
    echo "$v\n";
}
