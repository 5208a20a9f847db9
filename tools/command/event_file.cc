#include "tools/command/event_file.h"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "event.pb.h"
#include "tools/command/command.h"

namespace fallow::tools {
namespace {

// A record: length (8 bytes), checksum of the length (4), data, checksum of the data (4); little-endian.
constexpr std::size_t kHead = 12, kTail = 4;

// CRC-32C, a bit at a time: events are short and rare.
std::uint32_t Crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0x82f63b78u & -(crc & 1));
  }
  return ~crc;
}

// So that a checksum of data that holds its own checksum stays one.
std::uint32_t Masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

std::string LittleEndian(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string WithChecksum(const std::string& bytes) { return bytes + LittleEndian(Masked(Crc32c(bytes)), 4); }

std::string Record(const Event& event) {
  const std::string data = event.SerializeAsString();
  return WithChecksum(LittleEndian(data.size(), 8)) + WithChecksum(data);
}

// The data of the record that `bytes` begin with. False if no whole and sound one is there.
bool ReadRecord(std::string_view bytes, std::string_view* data) {
  if (bytes.size() < kHead + kTail) return false;
  const std::string head(bytes.substr(0, kHead));
  if (WithChecksum(head.substr(0, 8)) != head) return false;
  std::uint64_t length = 0;
  for (int i = 8; i-- > 0;) length = length << 8 | static_cast<unsigned char>(head[static_cast<std::size_t>(i)]);
  if (length > bytes.size() - kHead - kTail) return false;
  *data = bytes.substr(kHead, length);
  return WithChecksum(std::string(*data)) == bytes.substr(kHead, length + kTail);
}

double Now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string FirstRecord() {
  Event event;
  event.set_wall_time(Now());
  event.set_file_version("brain.Event:2");
  return Record(event);
}

void AddScalar(Event& event, const std::string& tag, double value) {
  Summary::Value* scalar = event.mutable_summary()->add_value();
  scalar->set_tag(tag);
  scalar->set_simple_value(static_cast<float>(value));
}

// Tags with a common first part share a section in TensorBoard.
std::string RecordOf(const Run& run, const nn::EpochRecord& record) {
  Event event;
  event.set_wall_time(Now());
  event.set_step(static_cast<std::int64_t>(record.epoch));
  AddScalar(event, "loss/train", record.train_loss);
  if (record.validation_loss) AddScalar(event, "loss/" + run.held_out, *record.validation_loss);
  if (nn::HasAccuracy(run.loss)) AddScalar(event, "accuracy/train", record.train_accuracy);
  if (record.validation_accuracy) AddScalar(event, "accuracy/" + run.held_out, *record.validation_accuracy);
  AddScalar(event, "learning_rate", record.learning_rate);
  for (const auto& [layer, rate] : record.dropout_rates) {
    AddScalar(event, "dropout_rate/layer_" + std::to_string(layer), rate);
  }
  return Record(event);
}

// What can be kept of a file.
struct Kept {
  std::size_t bytes = 0;
  std::size_t epochs = 0;  // The last one's number.
};

// The first event, then those of epochs 1, 2, … up to `epochs` at most.
Kept Keep(std::string_view bytes, std::size_t epochs) {
  Kept kept;
  std::string_view data;
  while (ReadRecord(bytes.substr(kept.bytes), &data)) {
    const bool first = kept.bytes == 0;
    Event event;
    if (!event.ParseFromArray(data.data(), static_cast<int>(data.size()))) break;
    if (first ? !event.has_file_version() : event.step() != static_cast<std::int64_t>(kept.epochs + 1)) break;
    if (!first && kept.epochs == epochs) break;
    kept.bytes += kHead + data.size() + kTail;
    if (!first) ++kept.epochs;
  }
  return kept;
}

void Write(const std::filesystem::path& path, const std::string& bytes, std::ios::openmode mode) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | mode);
  file << bytes << std::flush;
  if (!file) throw UsageError(path.string() + ": cannot be written: " + std::strerror(errno));
}

}  // namespace

void AppendEvent(const std::filesystem::path& path, const Run& run) {
  const bool first = run.history.size() == 1;
  std::string bytes = first ? FirstRecord() : "";
  bytes += RecordOf(run, run.history.back());
  Write(path, bytes, first ? std::ios::trunc : std::ios::app);
}

void ContinueEvents(const std::filesystem::path& path, const Run& run) {
  Kept kept;
  if (std::filesystem::exists(path)) {
    std::ifstream file(path, std::ios::binary);
    kept = Keep(std::string(std::istreambuf_iterator<char>(file), {}), run.history.size());
    std::filesystem::resize_file(path, kept.bytes);
  }
  std::string missing = kept.bytes == 0 ? FirstRecord() : "";
  for (std::size_t i = kept.epochs; i < run.history.size(); ++i) missing += RecordOf(run, run.history[i]);
  Write(path, missing, std::ios::app);
}

}  // namespace fallow::tools
