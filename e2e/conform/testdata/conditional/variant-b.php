<?php const ONLY_B = 1; function variant() { return 'variant b'; } class Shared { const VALUE = 'of b'; }
