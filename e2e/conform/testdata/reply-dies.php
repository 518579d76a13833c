<?php
require 'urocket.php';
undefined_function();
