<?php
register_shutdown_function(function () { echo "last error: ", error_get_last()["message"], "\n"; });
echo "a\n";
undefined_function($argc);
echo "never\n";
