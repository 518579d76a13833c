<?php return 'by the working directory';
