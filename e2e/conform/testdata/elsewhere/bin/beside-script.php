<?php return 'beside the script';
