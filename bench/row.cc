#include "bench/row.h"

#include <string>

namespace fallow::bench {
namespace {

std::string RowName(const std::string& operation, const Case& c) {
  return operation + "/" + NameOf(c.type) + (c.rate_text.empty() ? "" : "/p=" + c.rate_text) +
         "/n=" + std::to_string(c.n) + "/t=" + std::to_string(c.execution.max_threads);
}

}  // namespace

void RegisterRow(const std::string& name, const Case& c, double bytes, Operation operation, Verify verify) {
  AddRow(RowName(name, c) + "/" + c.execution.target.name(), c, bytes, std::move(operation), std::move(verify));
}

void RegisterPeerRow(const std::string& peer, const std::string& name, const Case& c, double bytes, Operation operation,
                     Verify verify) {
  AddRow(peer + "/" + RowName(name, c), c, bytes, std::move(operation), std::move(verify));
}

}  // namespace fallow::bench
