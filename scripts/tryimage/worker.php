<?php
require 'urocket/worker.php';
Urocket\serve(fn (Urocket\Request $r) => ['hello' => $r->param('name')]);
