// The kernels from C, and from whatever calls C: masks, dropout, its variants, what is fused with it, noise.
//
//   #include <fallow/fallow.h>
//
//   const fallow_mask mask = fallow_mask_from_key(0.5, fallow_key(42, fallow_stream_of(/*layer=*/1, /*step=*/0)));
//   fallow_status status = fallow_dropout_forward(fallow_const_elements(x, FALLOW_F32, n), &mask,
//                                                 fallow_elements(y, FALLOW_F32, n), NULL);
//   if (!fallow_ok(status)) { char text[200]; fallow_status_message(status, text, sizeof(text)); puts(text); }
//
// Each function does what its namesake in the C++ headers does: fallow_dropout_forward is fallow::DropoutForward of
// fallow/dropout.h. Those say types, values, accuracy and aliasing in full. Common to all here:
//
//   Errors     A call returns a fallow_status. If it names an argument, or a field of one, that was at fault, and no
//              output was touched. Nothing is printed, no signal raised, no exception thrown, no process ended.
//   Null       `execution` may be null: the defaults. No other pointer may, unless its comment says so.
//   Zeros      Structs that are passed by address begin as zeros, which are the defaults: fallow_execution e = {0};
//   Sizes      Counts and strides are in elements, of masks in bytes where the name says so. No alignment is needed
//              beyond that of the element type.
//   Aliasing   An output may be its input (same address, same stride) or share no element with any input; more is said
//              where it differs.
//   Memory     Pointers are read during the call alone. Nothing is allocated outside oneTBB.
//   Threads    Any number may call at once; `execution` limits what one call uses. The library keeps no state but
//              what it reads once: the instruction sets, FALLOW_TARGET in the environment, the size of the cache.
//   fork       A child may use the library as its parent may if the parent has not used oneTBB's threads. If it has,
//              the child is left with max_threads = 1: oneTBB's threads are not there after a fork.
//   ABI        See FALLOW_ABI_VERSION.
//
// C11 or later, or C++; needs neither exceptions nor run-time type information.
#ifndef FALLOW_FALLOW_H_
#define FALLOW_FALLOW_H_

#include "fallow/c/base.h"
#include "fallow/c/dropout.h"
#include "fallow/c/fused.h"
#include "fallow/c/masks.h"
#include "fallow/c/noise.h"

#endif  // FALLOW_FALLOW_H_
