<?php
function trace(): string
{
    ob_start();
    debug_print_backtrace();
    return ob_get_clean();
}
require 'fact.php';
fact('__FILE__', __FILE__);
fact('__DIR__', __DIR__);
fact('__LINE__', __LINE__);
fact('cwd', getcwd());
fact('included', get_included_files());
fact('backtrace', debug_backtrace());
fact('trace of a function', trace());
fact('trace of an exception', (new Exception('x'))->getTraceAsString());
fact('line of an exception', (new Exception('x'))->getLine());
fact('inode', [getmyinode() === fileinode(__FILE__), getlastmod() === filemtime(__FILE__), getmyuid() === fileowner(__FILE__), getmygid() === filegroup(__FILE__)]);
fact('user', get_current_user());
fact('main is not a function', [__FUNCTION__, __CLASS__, __NAMESPACE__]);
fact('reflection', (new ReflectionFunction('trace'))->getStartLine());
fact('source', [strlen(php_strip_whitespace(__FILE__)) > 100, sha1(file_get_contents(__FILE__)) === sha1_file(__FILE__)]);
eval('fact("eval", [__FILE__, __LINE__]);');
