<?php return 'from the path';
