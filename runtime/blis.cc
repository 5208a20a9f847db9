// What is particular to BLIS: its name.
#include <blis.h>

#include "runtime/blas.h"

namespace fallow::nn {

std::string DescribeBlas() {
  return std::string("BLIS ") + bli_info_get_version_str() + ' ' + bli_arch_string(bli_arch_query_id());
}

}  // namespace fallow::nn
