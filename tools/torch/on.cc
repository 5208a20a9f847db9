// To load this library is all it takes: torch.ops.load_library("…/libfallow_torch_on.so").
#include "tools/torch/override.h"

namespace {

[[maybe_unused]] const bool enabled = [] {
  fallow::pytorch::Enable();
  return true;
}();

}  // namespace
