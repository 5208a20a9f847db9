/* A program in C11 that links the library: drops, goes back, reads an error; on one thread, no other comes to life.
 * Returns 0 if all is as it should be. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "fallow/fallow.h"

enum { kCount = 1 << 20 };

static int Fail(const char* what) {
  fprintf(stderr, "%s\n", what);
  return 1;
}

static int CountThreads(void) {
  int count = 0;
  DIR* tasks = opendir("/proc/self/task");
  if (tasks == NULL) return -1;
  for (const struct dirent* entry; (entry = readdir(tasks)) != NULL;) count += entry->d_name[0] != '.';
  closedir(tasks);
  return count;
}

int main(void) {
  static float x[kCount], y[kCount], dx[kCount];
  for (int i = 0; i < kCount; ++i) x[i] = (float)(i + 1);
  const fallow_mask mask = fallow_mask_from_key(0.5, fallow_key(42, fallow_stream_of(1, 0)));
  const fallow_const_array in = fallow_const_elements(x, FALLOW_F32, kCount);
  fallow_execution alone = {0};
  alone.max_threads = 1;

  if (fallow_abi_version() != FALLOW_ABI_VERSION) return Fail("another ABI");
  const int threads = CountThreads();
  if (!fallow_ok(fallow_dropout_forward(in, &mask, fallow_elements(y, FALLOW_F32, kCount), &alone))) {
    return Fail("forward failed");
  }
  if (threads < 1 || CountThreads() != threads) return Fail("max_threads = 1, and other threads came to life");
  if (!fallow_ok(fallow_dropout_backward(in, &mask, fallow_elements(dx, FALLOW_F32, kCount), NULL))) {
    return Fail("backward failed");
  }
  if (memcmp(y, dx, sizeof(y)) != 0) return Fail("forward and backward have different masks");
  size_t kept = 0, counted = 0;
  for (int i = 0; i < kCount; ++i) {
    if (y[i] != 0 && y[i] != 2 * x[i]) return Fail("neither dropped nor doubled");
    kept += y[i] != 0;
  }
  if (!fallow_ok(fallow_count_kept(&mask, kCount, &counted, NULL)) || counted != kept) return Fail("miscounted");
  if (kept < kCount / 2 - 5000 || kept > kCount / 2 + 5000) return Fail("far from half of all are kept");

  const fallow_mask wrong = fallow_mask_from_key(1.5, fallow_key(42, 0));
  char message[64];
  fallow_status_message(fallow_dropout_forward(in, &wrong, fallow_elements(y, FALLOW_F32, kCount), NULL), message,
                        sizeof(message));
  if (strcmp(message, "rate: got 1.5, expected a number in [0, 1]") != 0) return Fail(message);
  return 0;
}
