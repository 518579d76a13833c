<?php
class D
{
    public ?D $friend = null;

    public function __construct(private string $name)
    {
    }

    public function __destruct()
    {
        echo "destructor\norder of destructors = $this->name\n";
    }
}
class Holder { public static ?D $held = null; }
function local(): void
{
    static $kept;
    $kept = new D('a static variable');
    $local = new D('a local variable');
}
Holder::$held = new D('a static property');
$one = new D('global one');
$two = new D('global two');
$loop = new D('a loop');
$loop->friend = $loop;
local();
define('HELD', new D('a constant'));
register_shutdown_function(function () {
    echo "shutdown one\n";
    register_shutdown_function(fn () => print("shutdown of the shutdown\n"));
});
register_shutdown_function([new D('an object with a callback'), '__destruct']);
register_shutdown_function(function (string ...$words) { echo implode(' ', $words), ' ', getcwd(), "\n"; }, 'with', 'arguments');
set_error_handler(function (int $n, string $text) { echo "handler at the end: $text\n"; });
register_shutdown_function(fn () => trigger_error('late'));
echo "end of the script\n";
exit(42);
