<?php
require 'fact.php';
fact('timezone', [date_default_timezone_get(), ini_get('date.timezone'), getenv('TZ'), date('T', 0), date('I H:i', 1720000000), shell_exec('date -d @0 +%H:%M')]);
fact('locale', [setlocale(LC_ALL, '0'), localeconv()['decimal_point'], setlocale(LC_ALL, 'C.UTF-8', 'C'), setlocale(LC_ALL, '')]);
fact('codeset', nl_langinfo(CODESET));
fact('case', [strtoupper('äé'), ucfirst('é'), ctype_alpha('é'), preg_match('/^\w$/', 'é'), preg_match('/^\w$/u', 'é')]);
fact('compare', [strcoll('a', 'B'), strcmp('a', 'B'), escapeshellarg('é'), basename('/x/é'), fgetcsv_of("é;ü\n")]);
fact('charset', [ini_get('default_charset'), iconv_get_encoding(), htmlspecialchars("\xff"), function_exists('mb_internal_encoding') ? [mb_internal_encoding(), mb_language(), mb_detect_order(), mb_strlen('é')] : null]);
fact('iconv', iconv('UTF-8', 'ASCII//TRANSLIT', 'é€'));
fact('gettext', [gettext('word'), bindtextdomain('d', '.') === getcwd()]);
function fgetcsv_of(string $line): array
{
    $f = fopen('php://memory', 'r+');
    fwrite($f, $line);
    rewind($f);
    return fgetcsv($f, null, ';');
}
