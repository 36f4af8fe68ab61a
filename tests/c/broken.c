// Two mistakes that a sanitizer must find; see the Makefile.

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "heap") == 0) {
    volatile char *block = malloc(8);
    block[8 * (argc - 1)] = 1;
    free((char *)block);
  }
  if (argc == 2 && strcmp(argv[1], "overflow") == 0) {
    volatile int big = INT_MAX;
    big = big + (argc - 1);
  }
  return EXIT_SUCCESS;
}
