<?php
$conf['savedir'] = '@DIR@/data';
$conf['title'] = 'Boats';
$conf['useacl'] = 0;
