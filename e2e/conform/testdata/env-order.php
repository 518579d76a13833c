<?php
require 'fact.php';
fact('order of getenv()', array_keys(getenv()));
fact('order of $_SERVER', array_keys($_SERVER));
fact('order of $_ENV', array_keys($_ENV));
fact('order in a child', array_map(fn ($e) => strstr($e, '=', true), explode("\0", rtrim(shell_exec('exec env -0'), "\0"))));
