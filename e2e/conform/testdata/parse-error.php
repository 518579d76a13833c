<?php
echo "never";
$x = = 3;
