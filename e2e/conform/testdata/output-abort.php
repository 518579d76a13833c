<?php
require 'fact.php';
fact('ignore', [ignore_user_abort(), ignore_user_abort(true), ignore_user_abort(), connection_status(), connection_aborted()]);
fact('implicit flush', [ini_get('implicit_flush'), ini_get('output_buffering'), ob_get_level()]);
flush();
ob_implicit_flush(false);
fact('fastcgi_finish_request', function_exists('fastcgi_finish_request'));
set_time_limit(0);
fact('limit', ini_get('max_execution_time'));
// Output that goes nowhere does not end this one.
fclose(STDOUT);
echo "lost\n";
file_put_contents('after', 'was reached: ' . connection_status());
exit(2);
