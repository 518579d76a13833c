<?php return 'two beside ' . (include 'three.php');
