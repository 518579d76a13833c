<?php
class Node { public ?Node $other = null; public function __construct(public string $name) {} public function __destruct() { echo "gone: $this->name\n"; } }
$a = new Node('a');
$ref = WeakReference::create($a);
$map = new WeakMap();
$map[$a] = 'data';
var_dump($ref->get()->name, count($map));
unset($a);
var_dump($ref->get(), count($map));
for ($i = 0; $i < 3; $i++) {
    $x = new Node("x$i");
    $y = new Node("y$i");
    $x->other = $y;
    $y->other = $x;
}
unset($x, $y);
var_dump(gc_enabled(), gc_collect_cycles(), gc_status()['runs'] >= 1, gc_status()['threshold']);
gc_disable();
var_dump(ini_get('zend.enable_gc'), gc_enabled());
$left = new Node('left in a cycle');
$left->other = new Node('its other');
$left->other->other = $left;
var_dump(spl_object_id(new stdClass) < 100);
echo "end\n";
