<?php
echo getcwd() === dirname(__DIR__) ? 'works in the folder above' : getcwd(), "\n";
echo 'called ', $argv[0], ', is ', __FILE__, ', in ', __DIR__, "\n";
echo $_SERVER['SCRIPT_FILENAME'], ' ', $_SERVER['PHP_SELF'], ' ', $_SERVER['PATH_TRANSLATED'], "\n";
echo include 'lib/beside-cwd.php', "\n";
echo include 'beside-script.php', "\n";
echo file_get_contents('lib/data.txt');
