<?php
require 'fact.php';
fact('put', [putenv('MADE=by putenv'), getenv('MADE'), isset($_SERVER['MADE'])]);
fact('child', shell_exec('echo "$MADE|$GIVEN|$REQUEST_METHOD"'));
fact('gone', [putenv('GIVEN'), getenv('GIVEN'), $_SERVER['GIVEN'], shell_exec('echo ${GIVEN-unset}')]);
fact('empty', [putenv('EMPTY='), getenv('EMPTY'), shell_exec('echo ${EMPTY-unset}')]);
$_SERVER['GIVEN'] = $_ENV['GIVEN'] = 'changed';
fact('superglobals do not matter', [getenv('GIVEN'), shell_exec('echo ${GIVEN-unset}')]);
$child = proc_open(['sh', '-c', 'env | sort'], [1 => ['pipe', 'w']], $pipes, null, ['ONLY' => 'this']);
fact('given to a child', preg_grep('/^(_|PWD|SHLVL)=/', explode("\n", stream_get_contents($pipes[1])), PREG_GREP_INVERT));
proc_close($child);
$child = proc_open(['env'], [1 => ['pipe', 'w']], $pipes);
$names = array_map(fn ($line) => strstr($line, '=', true), explode("\n", trim(stream_get_contents($pipes[1]))));
sort($names);
fact('inherited by a child', $names);
proc_close($child);
