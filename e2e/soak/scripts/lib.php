<?php
// What the PHP scripts of the soak share; see lib.sh.

function note(string $text): void
{
    file_put_contents(getenv('D') . '/notes', getenv('T') . " $text\n", FILE_APPEND);
}

note('start ' . getenv('REQUEST_ID') . ' ' . getmypid());
