<?php
echo "says nothing to the caller\n";
exit(8);
