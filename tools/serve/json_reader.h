// JSON of requests, read within bounded memory.
#ifndef FALLOW_TOOLS_SERVE_JSON_READER_H_
#define FALLOW_TOOLS_SERVE_JSON_READER_H_

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace fallow::serve {

// A document whose tensors are apart: the value of every key "data" that is an array, nested or not, of numbers is
// replaced by its index among `tensors`.
struct JsonWithTensors {
  nlohmann::json document;
  std::vector<std::vector<double>> tensors;
};

// Memory is at most a small multiple of the text's size. Throws RequestError, 400: no JSON, another value than a number
// in "data", more than 10,000 values outside of it, or nested deeper than 16.
JsonWithTensors ReadJson(std::string_view text);

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_JSON_READER_H_
