// The oracle's name for an element type.
#ifndef FALLOW_TESTS_SUPPORT_ORACLE_TYPE_H_
#define FALLOW_TESTS_SUPPORT_ORACLE_TYPE_H_

#include "fallow/types.h"
#include "tests/support/dropout_oracle.h"

namespace fallow::test {

inline oracle::Type ToOracle(DType type) {
  switch (type) {
    case DType::kF32:
      return oracle::Type::kF32;
    case DType::kF64:
      return oracle::Type::kF64;
    case DType::kBF16:
      return oracle::Type::kBF16;
    case DType::kF16:
      break;
  }
  return oracle::Type::kF16;
}

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_ORACLE_TYPE_H_
