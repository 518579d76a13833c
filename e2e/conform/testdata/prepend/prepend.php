<?php
echo "script: $before, ", function_exists('from_prepend') ? from_prepend() : 'no function', "\n";
echo json_encode([array_map(basename(...), get_included_files()), ini_get('auto_append_file'), ini_get('auto_prepend_file')]), "\n";
exit(6);
