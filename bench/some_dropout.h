// What can be checked of dropout whose mask is not Fallow's.
#ifndef FALLOW_BENCH_SOME_DROPOUT_H_
#define FALLOW_BENCH_SOME_DROPOUT_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "bench/row.h"

namespace fallow::bench {

// Whether y may be what dropout with some mask makes of `values`: the elements looked at are 0 or the value times the
// scale, and as many of them as the rate says. Those with values near 0 are not counted.
using ValuesOf = std::function<std::vector<double>(Buffers&, std::size_t first, std::size_t count)>;
bool IsDropoutOf(const Case& c, Buffers& b, const ValuesOf& values);
// The same of something else than the buffer y.
bool IsDropoutOf(const Case& c, Buffers& b, const ValuesOf& values, const ValuesOf& y);

// As Verify of a row: y = dropout(x), some mask.
bool IsSomeDropout(const Case& c, Buffers& b);
// Whether as many bits of the mask are 1 as the rate says.
bool IsSomeMask(const Case& c, Buffers& b);

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_SOME_DROPOUT_H_
