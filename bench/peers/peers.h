// Rows of other libraries, named Peer/Operation/…; each file is compiled only where its library is found.
#ifndef FALLOW_BENCH_PEERS_PEERS_H_
#define FALLOW_BENCH_PEERS_PEERS_H_

namespace fallow::bench {

// Every peer; those that are missing are named in the context.
void RegisterPeers();

// Each puts its version into the context, as peer_Name, and adds its rows.
void RegisterEigen();
void RegisterPyTorch();
void RegisterRandom123();
void RegisterStdPhilox();

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_PEERS_PEERS_H_
