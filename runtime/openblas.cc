// What is particular to OpenBLAS: its name, and a lock that it lacks.
//
// Its products take their scratch memory from a process-wide list. In a serial build without USE_LOCKING, such as
// Debian's, nothing guards that list: two threads may be given the same memory, and now and then a product comes out
// wrong. The linker's --wrap (cmake/FallowBlas.cmake) sends OpenBLAS's own calls of the list's two functions here;
// without that option nothing defines the __real_ names, and linking fails rather than the products. The lock is held
// for some ten nanoseconds, twice a product.
#include <cblas.h>

#include <mutex>

#include "runtime/blas.h"

namespace {

constinit std::mutex scratch_list;

}  // namespace

extern "C" {

void* __real_blas_memory_alloc(int position);
void __real_blas_memory_free(void* memory);

void* __wrap_blas_memory_alloc(int position) {
  const std::lock_guard lock(scratch_list);
  return __real_blas_memory_alloc(position);
}

void __wrap_blas_memory_free(void* memory) {
  const std::lock_guard lock(scratch_list);
  __real_blas_memory_free(memory);
}

}  // extern "C"

namespace fallow::nn {

std::string DescribeBlas() { return openblas_get_config(); }

}  // namespace fallow::nn
