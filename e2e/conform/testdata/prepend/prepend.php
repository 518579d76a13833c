<?php
require 'fact.php';
fact('prepended', [$before, function_exists('from_prepend') ? from_prepend() : 'no function']);
fact('included', array_map(basename(...), get_included_files()));
fact('auto_prepend_file', ini_get('auto_prepend_file'));
fact('auto_append_file', ini_get('auto_append_file'));
exit(6);
