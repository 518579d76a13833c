/* fastexit: PHP's CLI ends as soon as its script has.
 *
 * When a script is over (shutdown functions, destructors, output buffers and every extension's end of request have
 * had their turn) PHP frees the tables of all its modules and unloads their libraries, one by one, and then exits.
 * The kernel does that faster. This extension, loaded last and so shut down first, exits then and there with the
 * script's own status. */
#include "php.h"
#include "SAPI.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int ran; /* a request: not php -v or php -m */

static PHP_RINIT_FUNCTION(fastexit)
{
	ran = 1;
	return SUCCESS;
}

static PHP_MSHUTDOWN_FUNCTION(fastexit)
{
	if (ran && strcmp(sapi_module.name, "cli") == 0) {
		fflush(NULL);
		_exit(EG(exit_status) & 0xff);
	}
	return SUCCESS;
}

zend_module_entry fastexit_module_entry = {
	STANDARD_MODULE_HEADER, "fastexit", NULL, NULL, PHP_MSHUTDOWN(fastexit), PHP_RINIT(fastexit), NULL, NULL, "1.0", STANDARD_MODULE_PROPERTIES
};

ZEND_GET_MODULE(fastexit)
