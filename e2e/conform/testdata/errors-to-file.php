<?php
echo $undefined;
error_log('word');
echo preg_replace('/^\[[^]]+\]/m', '[time]', file_get_contents('errors.log'));
unlink('errors.log');
