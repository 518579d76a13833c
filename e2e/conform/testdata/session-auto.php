<?php
require 'fact.php';
// Started by PHP itself, before the first line.
fact('started', [session_status() === PHP_SESSION_ACTIVE, $_SESSION, session_module_name()]);
fact('unique id', session_id());
$_SESSION['n'] = 1;
session_destroy();
