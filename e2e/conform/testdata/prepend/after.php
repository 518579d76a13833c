<?php
echo "append\n";
