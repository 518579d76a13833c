<?php
class Node
{
    public static array $gone = [];
    public static bool $end = false;

    public ?Node $other = null;

    public function __construct(public string $name)
    {
    }

    public function __destruct()
    {
        self::$gone[] = $this->name;
        echo "gone\n", self::$end ? "order at the end = $this->name\n" : '';
    }
}
require 'fact.php';
$a = new Node('a');
$ref = WeakReference::create($a);
$map = new WeakMap();
$map[$a] = 'data';
fact('alive', [$ref->get()->name, count($map)]);
unset($a);
fact('gone', [$ref->get(), count($map)]);
for ($i = 0; $i < 3; $i++) {
    $x = new Node("x$i");
    $y = new Node("y$i");
    $x->other = $y;
    $y->other = $x;
}
unset($x, $y);
Node::$gone = [];
fact('collected', [gc_enabled(), gc_collect_cycles(), gc_status()['runs'] >= 1, gc_status()['threshold']]);
fact('order of collection', Node::$gone);
sort(Node::$gone);
fact('all of it', Node::$gone);
gc_disable();
fact('disabled', [ini_get('zend.enable_gc'), gc_enabled()]);
$left = new Node('left in a cycle');
$left->other = new Node('its other');
$left->other->other = $left;
$ids = array_map(fn () => spl_object_id(new stdClass), range(1, 3));
fact('ids of objects', [spl_object_id($left), $ids]);
Node::$end = true;
echo "end\n";
