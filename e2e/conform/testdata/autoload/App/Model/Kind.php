<?php

namespace App\Model;

enum Kind: string
{
    case Good = 'good';
    case Bad = 'bad';

    public function label(): string
    {
        return "a $this->value one";
    }
}
