<?php
/* urocket: a PHP that is started ahead, for one call. It is started as
 *
 *     php [options] -d auto_prepend_file=THIS SCRIPT
 *
 * and waits here for the call. What comes on stdin is a frame: its length in 8 digits, then fields that end in
 * NUL: working directory, SCRIPT, the number of words of the command line and of those before the script's
 * arguments, the words, the environment. What follows is the script's
 * own stdin, so not a byte more is read. When the frame is read this file ends, and PHP goes on to run SCRIPT as
 * the primary script that it always was. When stdin ends before that, there is nothing to do.
 *
 * Nothing in here may draw a random number, look up a temporary directory or name another superglobal than
 * the server's: PHP would keep what it found. */
(static function (): string {
    $prepend = (string) getenv('UROCKET_PREPEND');
    $all = getenv('UROCKET_GLOBALS') !== false;
    $own = array_intersect_key($_SERVER, array_flip(['PHP_SELF', 'SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_TRANSLATED', 'DOCUMENT_ROOT']));
    // What ps(1) shows: a script may look whether it runs already.
    $title = static function (string $text): void {
        if (function_exists('cli_set_process_title')) {
            @cli_set_process_title($text);
        }
    };
    $title((string) getenv('UROCKET_TITLE'));
    $in = fopen('php://fd/0', 'r');
    stream_set_read_buffer($in, 0);
    $read = static function (int $n) use ($in): string {
        for ($text = ''; strlen($text) < $n; $text .= $more) {
            $more = fread($in, $n - strlen($text));
            if ($more === false || $more === '') {
                exit(0);
            }
        }
        return $text;
    };
    $f = explode("\0", $read((int) $read(8)));
    array_pop($f);
    [$cwd, $name, $words, $skip] = $f;
    $argv = [$name, ...array_slice($f, 4 + (int) $skip, $words - $skip)];
    $argc = count($argv);
    $title(implode(' ', array_slice($f, 4, (int) $words)));
    $env = [];
    for ($j = $words + 4; isset($f[$j]); $j++) {
        $env[strstr($f[$j], '=', true)] = $f[$j];
    }
    foreach (getenv() as $k => $_) {
        if (!isset($env[$k])) {
            putenv((string) $k);
        }
    }
    foreach ($env as $k => $entry) {
        if (getenv((string) $k) !== substr($entry, strlen((string) $k) + 1)) {
            putenv($entry);
        }
    }
    chdir($cwd);

    $now = microtime(true);
    $server = isset($own['PHP_SELF'])
        ? array_replace(getenv(), $own, ['REQUEST_TIME_FLOAT' => $now, 'REQUEST_TIME' => (int) $now, 'argv' => $argv, 'argc' => $argc])
        : [];
    // They stand in the order in which PHP makes them.
    unset($GLOBALS['_SERVER']);
    if ($all) {
        $files = $GLOBALS['_FILES'];
        unset($GLOBALS['_FILES']);
        $GLOBALS['_SERVER'] = $server;
        eval('$_ENV; $_REQUEST;');
        $GLOBALS['_FILES'] = $files;
    }
    $GLOBALS['argv'] = $argv;
    $GLOBALS['argc'] = $argc;
    $GLOBALS['_SERVER'] = $server;
    clearstatcache(true);
    return $prepend;
})();
