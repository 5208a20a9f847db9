// A consumer of the kernels, in C: the README's program.
#include <fallow/fallow.h>
#include <stdio.h>

int main(void) {
  float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[8];
  const fallow_mask_key key = fallow_key(/*seed=*/42, fallow_stream_of(/*layer=*/1, /*step=*/0));
  const fallow_mask mask = fallow_mask_from_key(/*drop_probability=*/0.5, key);
  const fallow_status status =
      fallow_dropout_forward(fallow_const_elements(x, FALLOW_F32, 8), &mask, fallow_elements(y, FALLOW_F32, 8), NULL);
  if (!fallow_ok(status)) return puts(status.expected);
  for (int i = 0; i < 8; ++i) printf("%g ", y[i]);  // 0 0 6 8 0 12 14 16
  return 0;
}
