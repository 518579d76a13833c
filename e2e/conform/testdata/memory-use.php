<?php
// Without the allocator of PHP the memory is that of the C library: read from the environment when PHP starts.
$all = str_repeat('x', 1 << 20);
echo json_encode([memory_get_usage() > 1 << 20, getenv('USE_ZEND_ALLOC')]), "
";
