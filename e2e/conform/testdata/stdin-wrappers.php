<?php
require 'fact.php';
switch ($argv[1]) {
    case 'stdin':
        fact('php://stdin', file_get_contents('php://stdin'));
        break;
    case 'input':
        fact('php://input', file_get_contents('php://input'));
        break;
    case 'fd':
        fact('php://fd/0', file_get_contents('php://fd/0'));
        break;
    case 'dev':
        fact('/dev/stdin', file_get_contents('/dev/stdin'));
        break;
    case 'object':
        fact('SplFileObject', iterator_to_array(new SplFileObject('php://stdin')));
        break;
    case 'csv':
        fact('fgetcsv', [fgetcsv(STDIN), fgetcsv(STDIN), fgetcsv(STDIN)]);
        break;
    case 'readline':
        fact('readline', [readline(), readline(), readline()]);
        break;
    case 'scanf':
        fact('fscanf', fscanf(STDIN, '%s %s'));
        break;
    case 'child':
        system('cat', $code);
        fact('code', $code);
        break;
}
fact('left', stream_get_contents(STDIN));
