<?php
require 'urocket.php';
urocket_reply(['hello' => getenv('NAME'), 'user' => posix_getuid()]);
