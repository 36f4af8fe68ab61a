// Loaded into the server (LD_PRELOAD): on SIGUSR1 it gives what is free back to the
// system and writes the octets in use to the descriptor HEAP_FD. Meant for a process
// of one thread that waits in poll(), and so is not inside malloc.

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int out;

static void on_signal(int number) {
  (void)number;
  int saved = errno;
  malloc_trim(0);
  struct mallinfo2 info = mallinfo2();
  char text[32];
  int len = snprintf(text, sizeof text, "%zu\n", info.uordblks + info.hblkhd);
  (void)!write(out, text, (size_t)len);
  errno = saved;
}

__attribute__((constructor)) static void begin(void) {
  const char *fd = getenv("HEAP_FD");
  if (fd == NULL) return;
  out = atoi(fd);
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
}
