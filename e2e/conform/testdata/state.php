<?php
// Whatever a script changes is gone in the next call: shown first, changed afterwards.
require 'fact.php';
function remember(): int
{
    static $calls = 0;
    return ++$calls;
}
class Memory { public static array $of = []; }
fact('state', [
    remember(), Memory::$of, getcwd() === __DIR__, decoct(umask()), getenv('LEFT'), isset($_SERVER['LEFT']), isset($GLOBALS['left']), defined('LEFT'), function_exists('left'),
    class_exists('Left', false), ini_get('precision'), date_default_timezone_get(), setlocale(LC_ALL, '0'), error_reporting(), get_include_path(), libxml_use_internal_errors(),
    count(spl_autoload_functions()), in_array('http', stream_get_wrappers()), in_array('file', stream_get_wrappers()), ob_get_level(), ignore_user_abort(),
    stream_context_get_options(stream_context_get_default()), gc_enabled(), pcntl_async_signals(), pcntl_signal_get_handler(SIGUSR1), pcntl_getpriority(), error_get_last(), headers_list(), connection_status(),
    file_exists('left'), is_file('checked'), set_error_handler(null), session_status(), session_name(), posix_getrlimit()['soft core'], assert_options(ASSERT_ACTIVE), preg_last_error(), bcadd_missing(),
]);
fact('title', cli_get_process_title());
function bcadd_missing(): bool
{
    return !function_exists('bcadd');
}
remember();
Memory::$of[] = 1;
chdir('/');
umask(077);
putenv('LEFT=1');
$_SERVER['LEFT'] = $left = 1;
define('LEFT', 1);
eval('function left() {} class Left {}');
ini_set('precision', '3');
date_default_timezone_set('Asia/Tokyo');
setlocale(LC_ALL, 'C.UTF-8');
error_reporting(0);
set_include_path('/nowhere');
libxml_use_internal_errors(true);
spl_autoload_register(fn ($c) => null);
stream_wrapper_unregister('http');
ignore_user_abort(true);
stream_context_set_default(['http' => ['method' => 'POST']]);
gc_disable();
pcntl_async_signals(true);
pcntl_signal(SIGUSR1, fn () => null);
@pcntl_setpriority(5);
@trigger_error('left');
set_error_handler(fn () => true);
session_name('left');
cli_set_process_title('left');
ob_start(fn ($b) => $b);
function_exists('opcache_reset') && @opcache_reset();
mt_srand(5);
preg_match('/(?:\D+|<\d+>)*[!?]/', 'foobar foobar foobar');
