// Two mistakes that a sanitizer must find; see the Makefile.

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "heap") == 0) {
    // Of a size that UBSan cannot know: it would be the first to report.
    volatile size_t size = 8;
    volatile char *block = malloc(size);
    block[size] = 1;
    free((char *)block);
  }
  if (argc == 2 && strcmp(argv[1], "overflow") == 0) {
    volatile int big = INT_MAX;
    big = big + (argc - 1);
  }
  return EXIT_SUCCESS;
}
