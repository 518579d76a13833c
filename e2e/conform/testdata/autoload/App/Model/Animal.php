<?php

namespace App\Model;

abstract class Animal
{
    public function __construct(public readonly string $name, protected Kind $kind)
    {
    }

    public static function count(): int
    {
        static $n = 0;
        return ++$n;
    }

    abstract public function __toString(): string;
}
