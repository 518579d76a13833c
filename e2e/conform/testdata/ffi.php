<?php
require 'fact.php';
fact('enabled', [extension_loaded('FFI'), ini_get('ffi.enable')]);
$c = FFI::cdef('int getpid(void); int getppid(void); char *getenv(const char *name); typedef struct { int a; char b[4]; } pair; unsigned long strlen(const char *s); int setenv(const char *n, const char *v, int o);');
fact('pid', $c->getpid());
fact('C sees the environment', FFI::string($c->getenv('REQUEST_METHOD')) === getenv('REQUEST_METHOD'));
$pair = $c->new('pair');
$pair->a = 7;
$pair->b[0] = 'x';
fact('struct', [$pair->a, FFI::sizeof($pair), $c->strlen('four')]);
fact('set in C', [$c->setenv('FROM_C', 'yes', 1), getenv('FROM_C'), trim(shell_exec('echo $FROM_C'))]);
