// JSON of requests.
#ifndef FALLOW_TOOLS_SERVE_JSON_H_
#define FALLOW_TOOLS_SERVE_JSON_H_

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fallow::serve {

using JsonValue = simdjson::dom::element;
using JsonObject = simdjson::dom::object;
using JsonArray = simdjson::dom::array;

// A parsed text. Values are valid as long as it lives. Memory is some ten times the text's size at most.
class Json {
 public:
  // Throws RequestError, 400, for what is no JSON, or nested deeper than 16.
  explicit Json(std::string_view text);

  JsonValue value() const { return value_; }

 private:
  simdjson::dom::parser parser_;
  JsonValue value_;
};

std::optional<JsonValue> Find(JsonObject object, std::string_view key);

// The value as one of these, if it is.
std::optional<JsonObject> AsObject(JsonValue value);
std::optional<JsonArray> AsArray(JsonValue value);
std::optional<std::string_view> AsText(JsonValue value);
std::optional<std::uint64_t> AsWhole(JsonValue value);  // A whole number, written without '.' or 'e'.
std::optional<double> AsNumber(JsonValue value);
std::optional<bool> AsFlag(JsonValue value);

// How an error shows a value that somebody sent: at most 60 characters.
std::string Shown(JsonValue value);
std::string Shown(std::string_view text);

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_JSON_H_
