<?php
session_id('conform');
session_start(['use_cookies' => 0, 'use_only_cookies' => 0, 'cache_limiter' => '']);
$_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
$_SESSION['list'][] = ['call' => $argv[1], 'o' => new ArrayObject([1])];
echo $_SESSION['n'], ' ', count($_SESSION['list']), ' ', session_status(), ' ', session_name(), ' ', ini_get('session.save_handler'), "\n";
echo json_encode([SID, session_get_cookie_params()['path'], basename(session_save_path()), session_module_name()]), "\n";
if ($argv[1] === 'last') {
    session_destroy();
}
