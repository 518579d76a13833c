<?php return basename(__FILE__);
