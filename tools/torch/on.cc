// Loading this library is all it takes: torch.ops.load_library("…/libfallow_torch_on.so").
#include <ATen/core/dispatch/Dispatcher.h>

namespace {

const bool enabled = [] {
  c10::Dispatcher::singleton().findSchemaOrThrow("fallow::enable", "").typed<void()>().call();
  return true;
}();

}  // namespace
