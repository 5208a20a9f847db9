#include "tools/serve/json.h"

#include <nlohmann/json.hpp>

#include "tools/serve/request_error.h"

namespace fallow::serve {
namespace {

constexpr std::size_t kMostDepth = 16;
constexpr std::size_t kMostShown = 60;

std::string Cut(std::string text) { return text.size() <= kMostShown ? text : text.substr(0, kMostShown - 3) + "..."; }

template <class T>
std::optional<T> As(JsonValue value) {
  T result;
  if (value.get(result) != simdjson::SUCCESS) return {};
  return result;
}

}  // namespace

Json::Json(std::string_view text) {
  simdjson::error_code error = parser_.allocate(text.size() + 1, kMostDepth);
  if (error == simdjson::SUCCESS) error = parser_.parse(text.data(), text.size()).get(value_);
  if (error == simdjson::SUCCESS) return;
  if (error == simdjson::DEPTH_ERROR) {
    throw RequestError(400, "request: nested deeper than " + std::to_string(kMostDepth));
  }
  if (error == simdjson::NUMBER_ERROR) {
    throw RequestError(400, "request: no JSON: a number that is none, or beyond 64 bits without a '.' or an 'e'");
  }
  throw RequestError(400, std::string("request: no JSON: ") + simdjson::error_message(error));
}

std::optional<JsonValue> Find(JsonObject object, std::string_view key) {
  JsonValue value;
  if (object.at_key(key).get(value) != simdjson::SUCCESS) return {};
  return value;
}

std::optional<JsonObject> AsObject(JsonValue value) { return As<JsonObject>(value); }
std::optional<JsonArray> AsArray(JsonValue value) { return As<JsonArray>(value); }
std::optional<std::string_view> AsText(JsonValue value) { return As<std::string_view>(value); }
std::optional<std::uint64_t> AsWhole(JsonValue value) {
  return value.type() == simdjson::dom::element_type::DOUBLE ? std::nullopt : As<std::uint64_t>(value);
}
std::optional<double> AsNumber(JsonValue value) { return As<double>(value); }
std::optional<bool> AsFlag(JsonValue value) { return As<bool>(value); }

std::string Shown(JsonValue value) { return Cut(simdjson::minify(value)); }

std::string Shown(std::string_view text) {
  return Cut(nlohmann::json(text).dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace));
}

}  // namespace fallow::serve
