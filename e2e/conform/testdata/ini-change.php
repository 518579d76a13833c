<?php
require 'fact.php';
fact('before', [ini_get('precision'), ini_get('memory_limit'), ini_get('default_charset'), ini_get('session.name')]);
fact('given', [ini_get('date.timezone'), ini_get('user_agent'), get_cfg_var('my.own'), ini_get('my.own')]);
ini_set('precision', '3');
ini_set('memory_limit', '77M');
ini_set('default_charset', 'latin1');
fact('after', [(string) (1 / 3), ini_get('memory_limit'), ini_get('default_charset')]);
fact('not changeable', [@ini_set('register_argc_argv', '0'), @ini_set('variables_order', 'G')]);
ini_restore('precision');
fact('restored', (string) (1 / 3));
