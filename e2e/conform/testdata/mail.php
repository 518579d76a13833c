<?php
echo json_encode(mail('root@localhost', 'Sübject', "Body of the mail\n", ['From' => 'cron@localhost'], '-f bounce@localhost')), "\n";
echo file_get_contents('mail.txt');
