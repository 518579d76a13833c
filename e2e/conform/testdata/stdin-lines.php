<?php
require 'fact.php';
fact('first', fgets(STDIN));
fact('position', ftell(STDIN));
fact('blocked', stream_get_meta_data(STDIN)['blocked']);
$read = [STDIN];
$none = null;
fact('select', stream_select($read, $none, $none, 5));
// What STDIN has read ahead is gone for everybody else.
fact('child', shell_exec('cat'));
fact('php://stdin', file_get_contents('php://stdin'));
fact('rest', stream_get_contents(STDIN));
fact('end', feof(STDIN));
fclose(STDIN);
try {
    fgets(STDIN);
} catch (TypeError $e) {
    fact('closed', $e->getMessage());
}
