<?php return 'one, ' . __LINE__ . ', ' . basename(__FILE__) . ', ' . basename(__DIR__);
