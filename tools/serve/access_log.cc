#include "tools/serve/access_log.h"

#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>

namespace fallow::serve {
namespace {

// 2026-11-25T09:30:07.123Z
std::string Now() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc = {};
  gmtime_r(&seconds, &utc);
  char text[40], whole[64];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(whole, sizeof(whole), "%s.%03dZ", text, static_cast<int>(milliseconds));
  return whole;
}

}  // namespace

void AccessLog::Write(const AccessRecord& record) {
  if (file_ == nullptr) return;
  nlohmann::ordered_json line = {
      {"time", Now()},
      {"remote", record.remote},
      {"method", record.method},
      {"path", record.path},
      {"status", record.status},
      {"milliseconds", std::chrono::duration<double, std::milli>(record.time).count()},
      {"bytes_in", record.bytes_in},
      {"bytes_out", record.bytes_out},
  };
  if (!record.model.empty()) {
    line["model"] = record.model;
    line["rows"] = record.rows;
    line["samples"] = record.samples;
  }
  if (!record.error.empty()) line["error"] = record.error;
  const std::string text = line.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace) + "\n";
  std::fwrite(text.data(), 1, text.size(), file_);
  std::fflush(file_);
}

}  // namespace fallow::serve
