// Which BLAS the runtime is linked with.
#ifndef FALLOW_NN_BLAS_H_
#define FALLOW_NN_BLAS_H_

namespace fallow::nn {

// Name, version and the kernels it chose for this CPU, such as "OpenBLAS 0.3.21 … Zen". For people; valid for ever.
const char* BlasName();

}  // namespace fallow::nn

#endif  // FALLOW_NN_BLAS_H_
