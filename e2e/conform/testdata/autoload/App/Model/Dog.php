<?php

namespace App\Model;

final class Dog extends Animal
{
    public function __toString(): string
    {
        return "$this->name is {$this->kind->label()}";
    }
}
