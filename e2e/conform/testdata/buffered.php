<?php
require 'fact.php';
fact('level', [ob_get_level(), ob_list_handlers(), ini_get('output_buffering')]);
echo "in the buffer\n";
fwrite(STDOUT, "beside it\n");
ob_end_flush();
echo "without\n";
fact('headers', [headers_sent(), ob_get_level()]);
