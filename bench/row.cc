#include "bench/row.h"

#include <string>

namespace fallow::bench {
namespace {

const char* NameOf(DType type) {
  switch (type) {
    case DType::kF32:
      return "f32";
    case DType::kF64:
      return "f64";
    case DType::kBF16:
      return "bf16";
    case DType::kF16:
      return "f16";
  }
  return "?";
}

}  // namespace

std::string NameOf(const std::string& operation, const Case& c) {
  return operation + "/" + NameOf(c.type) + (c.rate_text.empty() ? "" : "/p=" + c.rate_text) +
         "/n=" + std::to_string(c.n) + "/t=" + std::to_string(c.execution.max_threads);
}

void RegisterRow(const std::string& name, const Case& c, double bytes, Operation operation, Verify verify) {
  AddRow(NameOf(name, c) + "/" + c.execution.target.name(), c, bytes, std::move(operation), std::move(verify));
}

void RegisterPeerRow(const std::string& peer, const std::string& name, const Case& c, double bytes, Operation operation,
                     Verify verify) {
  AddRow(peer + "/" + NameOf(name, c), c, bytes, std::move(operation), std::move(verify));
}

}  // namespace fallow::bench
