<?php
// Which of this machine's wikis: the one whose configuration lies beside this file.
define('DOKU_CONF', __DIR__ . '/conf/');
