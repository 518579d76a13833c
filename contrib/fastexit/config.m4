PHP_ARG_ENABLE([fastexit], [whether to build fastexit], [AS_HELP_STRING([--enable-fastexit], [End with the script])], [yes])
if test "$PHP_FASTEXIT" != no; then
  PHP_NEW_EXTENSION([fastexit], [fastexit.c], [$ext_shared])
fi
