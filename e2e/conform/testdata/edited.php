<?php
require 'part.php';
echo 'as written first, ', part(), "\n";
