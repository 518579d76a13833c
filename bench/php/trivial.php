<?php
echo '{"ok":true,"n":1234}', "\n";
