<?php
/* urocket: a PHP that is started ahead, for one call. It is started as
 *
 *     php [options] -d auto_prepend_file=THIS SCRIPT
 *
 * and waits here for the call, on the socket "door" beside this file. It says there the word that it was started
 * with, and then which file PHP has opened, and where, each ended by NUL and behind their length in 8 digits. What comes is a frame: its length in 8 digits,
 * then fields that end in NUL: working directory, SCRIPT, the number of words of the command line and of those before
 * the script's arguments, the words, the environment. It says "1" when it begins SCRIPT; nothing of it was run if it
 * does not. Then this file ends, and PHP goes on to run SCRIPT as the primary script that it always was.
 *
 * Nothing in here may draw a random number, look up a temporary directory or name another superglobal than
 * the server's: PHP would keep what it found. */
(static function (): string {
    $prepend = (string) getenv('UROCKET_PREPEND');
    $all = getenv('UROCKET_GLOBALS') !== false;
    $registers = getenv('UROCKET_NO_ARGV') === false;
    $own = array_intersect_key($_SERVER, array_flip(['PHP_SELF', 'SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_TRANSLATED', 'DOCUMENT_ROOT']));
    // What ps(1) shows: a script may look whether it runs already.
    $title = static function (string $text): void {
        if (function_exists('cli_set_process_title')) {
            @cli_set_process_title($text);
        }
    };
    $title((string) getenv('UROCKET_TITLE'));
    $door = stream_socket_client('unix://' . __DIR__ . '/door');
    if ($door === false) {
        exit(1);
    }
    stream_set_timeout($door, -1);
    $place = get_included_files()[0] . "\0" . getcwd() . "\0";
    fwrite($door, getenv('UROCKET_INVITATION') . sprintf('%08d', strlen($place)) . $place);
    $read = static function (int $n) use ($door): string {
        for ($text = ''; strlen($text) < $n; $text .= (string) fread($door, $n - strlen($text))) {
            if (feof($door)) {
                exit(0); // urocket is gone, or wants no more
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
    if (!@chdir($cwd)) {
        exit(1);
    }

    $now = microtime(true);
    $times = ['REQUEST_TIME_FLOAT' => $now, 'REQUEST_TIME' => (int) $now];
    $given = $registers ? ['argv' => $argv, 'argc' => $argc] : [];
    $server = isset($own['PHP_SELF']) ? array_replace(getenv(), $own, $times, $given) : ($all ? $given : []);
    // They stand in the order in which PHP makes them.
    unset($GLOBALS['_SERVER']);
    if ($all) {
        $files = $GLOBALS['_FILES'];
        unset($GLOBALS['_FILES']);
        $GLOBALS['_SERVER'] = $server;
        eval('$_ENV; $_REQUEST;');
        $GLOBALS['_FILES'] = $files;
    }
    foreach ($given as $k => $value) {
        $GLOBALS[$k] = $value;
    }
    $GLOBALS['_SERVER'] = $server;
    clearstatcache(true);
    fwrite($door, '1');
    fclose($door);
    // The objects of the script are to have the numbers that they have always: PHP gives the one that was free
    // last first. What we have had is freed, and then all that is free once more, in order.
    unset($read, $title);
    $free = [];
    while (count($free) < 64) { // more than there ever were
        $one = new stdClass();
        $free[spl_object_id($one)] = $one;
    }
    unset($one);
    krsort($free);
    foreach (array_keys($free) as $last) {
        unset($free[$last]);
    }
    unset($f, $argv, $value, $given, $times, $server, $own, $files, $env, $free);
    gc_collect_cycles(); // the list of what may be garbage is to be empty too
    return $prepend;
})();
