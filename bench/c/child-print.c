/* A script whose answer is what it prints: 20 bytes of JSON. */
#include <unistd.h>

int main(void) { return write(1, "{\"ok\":true,\"n\":1234}", 20) == 20 ? 0 : 1; }
