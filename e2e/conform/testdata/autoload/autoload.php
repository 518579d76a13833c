<?php
declare(strict_types=1);

namespace App;

spl_autoload_register(static function (string $class): void {
    echo "load $class\n";
    $file = __DIR__ . '/' . strtr($class, '\\', '/') . '.php';
    is_file($file) && require $file;
});

use App\Model\{Dog, Kind};

$dog = new Dog('Rex', Kind::Good);
echo $dog, "\n";
var_dump($dog instanceof Model\Animal, class_exists('App\Nope'), Kind::from('bad')->name, Dog::count(), Dog::count());
new Missing();
