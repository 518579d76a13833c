<?php
// Deeper than the stack of C.
function deeper(int $n): void
{
    array_map('deeper', [$n + 1]);
}
echo "goes down\n";
deeper(1);
echo "never\n";
