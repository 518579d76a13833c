<?php
// What the pet shop's scripts share: the list of pets, and the folder that they write to.

/** The pets of data/pets.csv: by id, the numbers as numbers, the tags as a list. */
function shop_pets(): array
{
    $file = fopen(__DIR__ . '/data/pets.csv', 'r');
    $names = fgetcsv($file, 0, ',', '"', '');
    $pets = [];
    while (($row = fgetcsv($file, 0, ',', '"', '')) !== false) {
        $pet = array_combine($names, $row);
        $pet['id'] = (int) $pet['id'];
        $pet['price'] = (float) $pet['price'];
        $pet['tags'] = explode('|', $pet['tags']);
        $pets[$pet['id']] = $pet;
    }
    return $pets;
}

/**
 * A folder for what the scripts write: $PETSHOP_VAR, else petshop-UID in the folder for temporary files.
 * Nothing is ever written into the source tree.
 */
function shop_var(string $name): string
{
    $var = getenv('PETSHOP_VAR') ?: sys_get_temp_dir() . '/petshop-' . fileowner('/proc/self');
    @mkdir($var, 0700, true); // it may be there already
    if (is_link($var) || fileowner($var) !== fileowner('/proc/self')) {
        throw new RuntimeException("$var belongs to somebody else");
    }
    @mkdir("$var/$name", 0700);
    return "$var/$name";
}

/** Writes a file so that nobody ever sees half of it. False: there is one of that name. */
function shop_write_new(string $file, string $text): bool
{
    $part = $file . '.' . getmypid();
    if (file_put_contents($part, $text) === false) {
        throw new RuntimeException("cannot write $part");
    }
    $new = @link($part, $file);
    unlink($part);
    return $new;
}
