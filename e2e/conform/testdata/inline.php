a mark of byte order before
<?php $items = ["a" => 1, "b" => 2]; ?>
<?php foreach ($items as $k => $v): ?>
  <li><?= $k ?>=<?= $v ?>

<?php endforeach ?>
<?php if ($argc > 5) { ?>not<?php } else { ?>so<?php } ?>

<? echo "no short tags" ?>
<?php echo ini_get("short_open_tag"); fwrite(STDOUT, "\ndirect\n") ?>
no line end