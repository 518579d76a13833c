<?php
$here++;
$set = "in an include";
function made_by_include(int $x): int { return $x + 1; }
