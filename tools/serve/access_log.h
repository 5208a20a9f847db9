// One line of JSON a request.
#ifndef FALLOW_TOOLS_SERVE_ACCESS_LOG_H_
#define FALLOW_TOOLS_SERVE_ACCESS_LOG_H_

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>

namespace fallow::serve {

struct AccessRecord {
  std::string remote, method, path;
  int status = 0;
  std::chrono::nanoseconds time{0};
  std::size_t bytes_in = 0, bytes_out = 0;
  std::string model;  // Empty where no model was asked, as the next two.
  std::size_t rows = 0, samples = 0;
  std::string error;
};

// Any number of threads may write. A line is written whole, and at once.
class AccessLog {
 public:
  explicit AccessLog(std::FILE* file) : file_(file) {}  // Null: nothing is logged. Not closed.
  void Write(const AccessRecord& record);

 private:
  std::FILE* file_;
};

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_ACCESS_LOG_H_
