<?php const ONLY_A = 1; function variant() { return 'variant a'; } class Shared { const VALUE = 'of a'; }
