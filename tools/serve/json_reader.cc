#include "tools/serve/json_reader.h"

#include <string>
#include <utility>

#include "tools/serve/request_error.h"

namespace fallow::serve {
namespace {

using nlohmann::json;

constexpr std::size_t kMostValues = 10'000;
constexpr std::size_t kMostDepth = 16;

[[noreturn]] void Fail(const std::string& what) { throw RequestError(400, "request: " + what); }

// Puts the document together as nlohmann's parser reports it.
class Builder : public nlohmann::json_sax<json> {
 public:
  explicit Builder(JsonWithTensors* result) : result_(*result) {}

  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return AddNumber(value); }
  bool number_unsigned(number_unsigned_t value) override { return AddNumber(value); }
  bool number_float(number_float_t value, const string_t&) override { return AddNumber(value); }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // JSON has none.

  bool start_object(std::size_t) override { return Open(json::object()); }
  bool end_object() override { return Close(); }
  bool key(string_t& value) override {
    key_ = std::move(value);
    return true;
  }

  bool start_array(std::size_t) override {
    if (tensor_depth_ > 0) return Deeper();
    if (open_.empty() || !open_.back()->is_object() || key_ != "data") return Open(json::array());
    Add(result_.tensors.size());
    result_.tensors.emplace_back();
    return Deeper();
  }
  bool end_array() override {
    if (tensor_depth_ == 0) return Close();
    --tensor_depth_;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    // Of nlohmann's message, what comes after its own error number.
    const std::string what = error.what();
    const std::size_t end = what.find("] ");
    Fail("no JSON, at byte " + std::to_string(position) + ": " + (end == what.npos ? what : what.substr(end + 2)));
  }

 private:
  bool Deeper() {
    if (open_.size() + ++tensor_depth_ > kMostDepth) Fail("nested deeper than " + std::to_string(kMostDepth));
    return true;
  }

  template <class Number>
  bool AddNumber(Number value) {
    if (tensor_depth_ == 0) return Add(value);
    result_.tensors.back().push_back(static_cast<double>(value));
    return true;
  }

  // The place of the next value.
  json& Place() {
    if (open_.empty()) return result_.document;
    if (open_.back()->is_array()) return open_.back()->emplace_back();
    return (*open_.back())[key_];
  }

  bool Add(json value) {
    if (tensor_depth_ > 0) Fail("\"data\" holds " + std::string(value.type_name()) + ", expected numbers");
    if (++values_ > kMostValues) Fail("more than " + std::to_string(kMostValues) + " values outside of \"data\"");
    Place() = std::move(value);
    return true;
  }

  bool Open(json value) {
    if (tensor_depth_ > 0) Fail("\"data\" holds an object, expected numbers");
    if (open_.size() >= kMostDepth) Fail("nested deeper than " + std::to_string(kMostDepth));
    if (++values_ > kMostValues) Fail("more than " + std::to_string(kMostValues) + " values outside of \"data\"");
    json& place = Place();
    place = std::move(value);
    open_.push_back(&place);
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  JsonWithTensors& result_;
  std::vector<json*> open_;  // Objects and arrays, from the outermost. None moves before it is closed.
  std::string key_;
  std::size_t values_ = 0;
  std::size_t tensor_depth_ = 0;
};

}  // namespace

JsonWithTensors ReadJson(std::string_view text) {
  JsonWithTensors result;
  Builder builder(&result);
  json::sax_parse(text.begin(), text.end(), &builder);
  return result;
}

}  // namespace fallow::serve
