// Memory for PyTorch's tensors that is kept when they are freed.
#ifndef FALLOW_BENCH_PEERS_KEEPING_ALLOCATOR_H_
#define FALLOW_BENCH_PEERS_KEEPING_ALLOCATOR_H_

namespace fallow::bench {

// From now on, a tensor gets the memory of an earlier one of its size. PyTorch allocates its results in every call;
// malloc returns large ones to the system, and their page faults would be most of what is measured.
void KeepFreedTensors();

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_PEERS_KEEPING_ALLOCATOR_H_
