// Runs rows once each under `valgrind --tool=callgrind`, which writes a file of counts for each, named after the row:
// what the rows cost whatever else the machine is doing. tests/bench/instructions_test.sh holds them to their budgets.
//
// Usage: fallow_instructions ROW...    with the names that fallow_bench has
#include <valgrind/callgrind.h>

#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "bench/register.h"
#include "bench/row.h"

namespace fallow::bench {
namespace {

struct Row {
  Case c;
  Operation operation;
};

std::map<std::string, Row>& Rows() {
  static std::map<std::string, Row> rows;
  return rows;
}

// The second call: the first one finds the caches, the tables of kernels and the pages.
bool Count(const std::string& name, const Row& row) {
  Buffers& buffers = Buffers::For(row.c.type, row.c.n);
  buffers.Refill();
  if (!row.operation(row.c, buffers, 0).ok()) return false;
  CALLGRIND_ZERO_STATS;
  const bool ok = row.operation(row.c, buffers, 1).ok();
  CALLGRIND_DUMP_STATS_AT(name.c_str());
  return ok;
}

}  // namespace

void AddRow(const std::string& name, const Case& c, double, Operation operation, Verify) {
  Rows().insert_or_assign(name, Row{c, std::move(operation)});
}

}  // namespace fallow::bench

int main(int argc, char** argv) {
  fallow::bench::RegisterKernels();
  for (int i = 1; i < argc; ++i) {
    const auto row = fallow::bench::Rows().find(argv[i]);
    if (row == fallow::bench::Rows().end()) {
      std::fprintf(stderr, "%s: no such row on this CPU\n", argv[i]);
      return 2;
    }
    if (!fallow::bench::Count(row->first, row->second)) {
      std::fprintf(stderr, "%s: the call failed\n", argv[i]);
      return 1;
    }
  }
  return 0;
}
