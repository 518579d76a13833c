<?php
echo "never";
function f() {
    $this = 1;
}
