<?php
// One way to end for each call.
final class Last
{
    public function __construct(private string $how)
    {
    }

    public function __destruct()
    {
        echo "destructor\n";
        match ($this->how) {
            'exit in a destructor' => exit(21),
            'throw in a destructor' => throw new LogicException('from the destructor'),
            default => null,
        };
    }
}
$how = $argv[1];
register_shutdown_function(function () use ($how) {
    echo "shutdown\n";
    match ($how) {
        'exit in shutdown' => exit(22),
        'throw in shutdown' => throw new LogicException('from shutdown'),
        'fatal in shutdown' => no_such_function(),
        default => null,
    };
});
$last = new Last($how);
switch ($how) {
    case 'return':
        return 5;
    case 'exit without a word':
        exit;
    case 'exit in an include':
        file_put_contents('exits.php', '<?php echo "included\n"; exit(23);');
        require 'exits.php';
        break;
    case 'exit in an output callback':
        ob_start(function (string $text) { exit(24); });
        echo 'buffered';
        ob_end_flush();
        break;
    case 'exit in a generator':
        foreach ((function () { try { yield 1; exit(25); } finally { echo "never\n"; } })() as $one) {
            echo $one, "\n";
        }
        break;
    case 'exit in a handler':
        set_error_handler(fn () => exit(26));
        echo $undefined;
        break;
    case 'handled exception':
        set_exception_handler(function (Throwable $e) { echo 'handled: ', $e->getMessage(), "\n"; });
        throw new RuntimeException('boom');
    case 'handler that exits':
        set_exception_handler(function (Throwable $e) { exit(27); });
        throw new RuntimeException('boom');
    case 'handler that throws':
        set_exception_handler(function (Throwable $e) { throw new LogicException('again', 0, $e); });
        throw new RuntimeException('boom');
    case 'exit in a sort':
        usort($argv, fn () => exit(28));
        break;
    case 'user error':
        trigger_error('enough', E_USER_ERROR);
        break;
    case 'type error':
        strlen();
        break;
    case 'match':
        echo match ($how) { 1 => 2 };
        break;
    case 'parse error in an include':
        file_put_contents('broken.php', '<?php $x = = 3;');
        require 'broken.php';
        break;
    case 'compile error in an include':
        file_put_contents('twice.php', '<?php function twice() {} function twice() {}');
        require 'twice.php';
        break;
    case 'missing require':
        require 'not/there.php';
        break;
}
echo "went on to the end\n";
