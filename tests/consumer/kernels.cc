// A consumer of the kernels, without exceptions and run-time types: prints what kernels.c does.
#include <fallow/dropout.h>

#include <cstdio>

int main() {
  const float x[] = {1, 2, 3, 4, 5, 6, 7, 8};
  float y[8];
  const fallow::Mask mask(fallow::Rate(0.5), {.seed = 42, .stream = fallow::StreamOf(/*layer=*/1, /*step=*/0)});
  const fallow::Status status = fallow::DropoutForward(x, mask, y);
  if (!status.ok()) return std::puts(status.expected());
  for (const float value : y) std::printf("%g ", value);
}
