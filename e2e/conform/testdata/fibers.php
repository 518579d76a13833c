<?php
$fiber = new Fiber(function (string $first): string {
    try {
        echo "got $first\n";
        $next = Fiber::suspend('one');
        echo "got $next\n";
        echo 'got ', Fiber::suspend('two'), "\n";
        return 'result';
    } finally {
        echo "finally\n";
    }
});
echo $fiber->start('a'), "\n", $fiber->resume('b'), "\n";
$fiber->resume('c');
echo $fiber->getReturn(), "\n";
$unfinished = new Fiber(function () {
    try {
        Fiber::suspend();
    } finally {
        echo "finally of one that was never finished\n";
    }
});
$unfinished->start();
$deep = new Fiber(function () { (new Fiber(fn () => throw new LogicException('from inside')))->start(); });
try {
    $deep->start();
} catch (LogicException $e) {
    echo get_class($e), ' ', $e->getMessage(), "\n";
}
exit(3);
