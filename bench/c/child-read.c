/* A script that reads its standard input to the end, and prints 20 bytes of JSON. */
#include <unistd.h>

int main(void) {
    static char b[1 << 16];
    while (read(0, b, sizeof b) > 0) {}
    return write(1, "{\"ok\":true,\"n\":1234}", 20) == 20 ? 0 : 1;
}
