<?php
// Everything that is there before the first line of a script.
$vars = array_keys(get_defined_vars());
sort($vars);
$known = ['classes' => get_declared_classes(), 'interfaces' => get_declared_interfaces(), 'traits' => get_declared_traits()];
$functions = get_defined_functions();
$constants = get_defined_constants(true);
$resource = (int) fopen('php://memory', 'r');
$object = spl_object_id(new stdClass);
require 'fact.php';
fact('variables', $vars);
foreach ($known as $what => $names) {
    fact("user $what", array_values(array_filter($names, fn ($c) => (new ReflectionClass($c))->isUserDefined())));
    $names = array_filter($names, fn ($c) => !(new ReflectionClass($c))->isUserDefined());
    sort($names);
    fact("$what built in", [count($names), md5(implode(',', $names))]);
}
fact('user functions', array_values(array_diff($functions['user'], ['fact'])));
fact('functions built in', [count($functions['internal']), md5(implode(',', $functions['internal']))]);
fact('user constants', $constants['user'] ?? []);
unset($constants['user']);
foreach ($constants as $extension => $named) {
    $named = array_map(fn ($v) => is_resource($v) ? 'resource' : $v, $named);
    ksort($named);
    fact("constants of $extension", md5(serialize($named)));
}
fact('extensions', get_loaded_extensions());
fact('zend extensions', get_loaded_extensions(true));
fact('wrappers', stream_get_wrappers());
fact('filters', stream_get_filters());
fact('transports', stream_get_transports());
fact('autoloaders', spl_autoload_functions());
fact('first resource', $resource);
fact('first object', $object);
fact('resources', array_values(array_map('get_resource_type', get_resources())));
fact('output buffers', ob_list_handlers());
fact('error handler', [set_error_handler(null), set_exception_handler(null), error_get_last(), error_reporting()]);
fact('signal handler', function_exists('pcntl_signal_get_handler') ? [pcntl_signal_get_handler(SIGTERM), pcntl_async_signals()] : null);
fact('context', stream_context_get_options(stream_context_get_default()));
fact('last preg error', [preg_last_error(), json_last_error(), libxml_use_internal_errors()]);
