<?php
require 'fact.php';
fact('getopt', getopt('ab:c::v', ['name:', 'flag', 'maybe::'], $rest));
fact('rest', $rest);
fact('argv', $argv);
$argv = $_SERVER['argv'] = ['x', '-a'];
fact('of an argv that was changed', getopt('ab:'));
