// Rows of other libraries, named Peer/Operation/…; each file is compiled only where its library is found.
#ifndef FALLOW_BENCH_PEERS_PEERS_H_
#define FALLOW_BENCH_PEERS_PEERS_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "bench/row.h"

namespace fallow::bench {

// Every peer; those that are missing are named in the context.
void RegisterPeers();

// Each puts its version into the context, as peer_Name, and adds its rows.
void RegisterEigen();
void RegisterPyTorch();
void RegisterRandom123();
void RegisterStdPhilox();

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

#endif  // FALLOW_BENCH_PEERS_PEERS_H_
