<?php
require 'fact.php';
foreach (ini_get_all(null, false) as $name => $value) {
    fact("ini $name", $value);
}
