/* The library in a process that forks, as servers do that load code first and fork workers then.
 *
 * Usage: fork_program before|after|threads
 *   before    forks before the first call
 *   after     ... after calls on the caller's thread alone
 *   threads   ... after calls that used oneTBB's threads; the child then has max_threads = 1, as fallow.h says
 *
 * Parent and child must come to the same bits. Returns 0 if they do. */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fallow/fallow.h"

enum { kCount = 1 << 20 };

static int Fail(const char* what) {
  fprintf(stderr, "%s\n", what);
  return 1;
}

static fallow_execution Threads(int32_t max_threads) {
  fallow_execution execution = {0};
  execution.max_threads = max_threads;
  return execution;
}

/* Drops y in place. */
static int Drop(float* y, int32_t max_threads) {
  const fallow_mask mask = fallow_mask_from_key(0.3, fallow_key(42, 1));
  const fallow_execution execution = Threads(max_threads);
  for (int i = 0; i < kCount; ++i) y[i] = (float)(i + 1);
  return !fallow_ok(fallow_dropout_forward(fallow_const_elements(y, FALLOW_F32, kCount), &mask,
                                           fallow_elements(y, FALLOW_F32, kCount), &execution));
}

int main(int argc, char** argv) {
  static float mine[kCount];
  const char* when = argc == 2 ? argv[1] : "";
  const int threads = strcmp(when, "threads") == 0;
  if (!threads && strcmp(when, "before") != 0 && strcmp(when, "after") != 0) return Fail("before, after or threads?");
  float* childs = mmap(NULL, sizeof(mine), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (childs == MAP_FAILED) return Fail("mmap failed");

  if (strcmp(when, "before") != 0 && Drop(mine, threads ? 0 : 1) != 0) return Fail("the first call failed");
  const pid_t child = fork();
  if (child < 0) return Fail("fork failed");
  if (child == 0) {
    alarm(60); /* A child that waits for threads that are not there. */
    _exit(Drop(childs, threads ? 1 : 0));
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) return Fail("the child failed");
  memset(mine, 0, sizeof(mine));
  if (Drop(mine, 0) != 0) return Fail("the parent failed");
  if (memcmp(mine, childs, sizeof(mine)) != 0) return Fail("parent and child differ");
  return 0;
}
