// Rows of other libraries, named Peer/Operation/…; each file is compiled only where its library is found.
#ifndef FALLOW_BENCH_PEERS_PEERS_H_
#define FALLOW_BENCH_PEERS_PEERS_H_

#include <functional>

#include "bench/row.h"

namespace fallow::bench {

// Every peer, those that are missing by name in the context alone.
void RegisterPeers();

// Each puts its version into the context, as peer_Name, and registers its rows.
void RegisterEigen();
void RegisterPyTorch();
void RegisterRandom123();
void RegisterStdPhilox();

// Whether y is one that dropout may have made: some thousand elements are each 0 or, after rounding to the type,
// value(i) / q, and as many of them as the rate says. Elements with values near 0 are not counted.
using ElementValue = std::function<double(Buffers&, std::size_t i)>;
bool IsDropoutOf(const Case& c, Buffers& b, const ElementValue& value);
// The same with another y than the buffer's.
bool IsDropoutOf(const Case& c, Buffers& b, const ElementValue& value, const ElementValue& y);

// Element i of a buffer as a number.
double ElementOf(ConstArray array, std::size_t i);

// As Verify of a row: y = dropout(x), some mask.
bool IsSomeDropout(const Case& c, Buffers& b);
// Whether as many bits of the mask are 1 as the rate says.
bool IsSomeMask(const Case& c, Buffers& b);

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_PEERS_PEERS_H_
