<?php
// Writes large.php into DIR, and the 60 classes that it uses: 2,000 lines and more.
$dir = $argv[1];
mkdir("$dir/lib");
$main = "<?php\ndeclare(strict_types=1);\n";
$work = "\$sum = 0;\n";
for ($i = 0; $i < 60; $i++) {
    $name = sprintf('Part%02d', $i);
    $class = "<?php\ndeclare(strict_types=1);\n\nnamespace Large;\n\nfinal class $name\n{\n    private array \$items;\n\n"
        . "    public function __construct(private string \$name = '$name')\n    {\n        \$this->items = ['a' => $i, 'b' => [1, 2], 'c' => \$name];\n    }\n";
    for ($k = 0; $k < 4; $k++) {
        $class .= "\n    public function step$k(int \$x): int\n    {\n        foreach (\$this->items as \$item) {\n"
            . "            \$x += is_int(\$item) ? \$item : (is_array(\$item) ? count(\$item) : strlen(\$item));\n        }\n\n        return \$x * ($k + 1);\n    }\n";
    }
    file_put_contents("$dir/lib/$name.php", $class . "}\n");
    $main .= "require_once __DIR__ . '/lib/$name.php';\n";
    $work .= "\$sum += (new Large\\$name())->step" . $i % 4 . "($i);\n";
}
file_put_contents("$dir/large.php", $main . $work . "echo json_encode(['ok' => true, 'n' => \$sum]), \"\\n\";\n");
file_put_contents("$dir/large-worker.php", $main . "require 'WORKER';\nUrocket\\serve(function () {\n$work    return ['ok' => true, 'n' => \$sum];\n});\n");
file_put_contents("$dir/trivial-worker.php", "<?php\nrequire 'WORKER';\nUrocket\\serve(fn () => ['ok' => true, 'n' => 1234]);\n");
