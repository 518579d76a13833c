<?php
echo ini_get('zend.assertions'), ' ', ini_get('assert.exception'), "\n";
try {
    assert((print "evaluated\n") && false, 'said so');
    echo "went on\n";
} catch (AssertionError $e) {
    echo get_class($e), ': ', $e->getMessage(), "\n";
}
echo json_encode(@ini_set('zend.assertions', '1')), ' ', ini_get('zend.assertions'), "\n";
