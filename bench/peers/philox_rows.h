// Rows of another library's Philox4x32-10: counter (block, stream) and key (1, 0).
#ifndef FALLOW_BENCH_PEERS_PHILOX_ROWS_H_
#define FALLOW_BENCH_PEERS_PHILOX_ROWS_H_

#include <string>

#include "bench/row.h"

namespace fallow::bench {

// `words` fills y with stream `iteration`; `mask` makes a mask of bits, a word an element against the threshold.
void RegisterPhilox(const std::string& peer, Operation words, Operation mask);

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_PEERS_PHILOX_ROWS_H_
