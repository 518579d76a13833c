<?php
declare(strict_types=1);

namespace Deep\Name {
    const HERE = __NAMESPACE__;
    function strlen(string $s): string
    {
        return 'mine: ' . \strlen($s);
    }
    class Thing
    {
    }
}

namespace {
    use Deep\Name\Thing;
    use function Deep\Name\strlen;

    echo strlen('abc'), ' ', \strlen('abc'), ' ', Thing::class, ' ', Deep\Name\HERE, "\n";
    try {
        echo str_repeat(5, 2);
    } catch (TypeError $e) {
        echo $e->getMessage(), ' at ', $e->getLine(), "\n";
    }
    echo intdiv(7, 2), ' ', round(5), "\n";
    echo str_pad(num: 5);
}
