// protobuf makes an object of 250 bytes of a message that takes two in the file, as often as the file says. So the
// messages are counted before they are parsed.
#include "runtime/onnx/model_proto.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <system_error>

#include "fallow/nn/error.h"

namespace fallow::nn::onnx_io {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 31) - 1;  // protobuf's own limit.
constexpr int kDeepest = 100;                                       // As protobuf's parser.
// Real graphs have a message every seven bytes or more, names and weights included.
constexpr std::size_t kFreeMessages = 16384;
constexpr std::size_t kBytesAMessage = 8;

// Walks through the fields of messages, without making objects of them.
class MessageCounter {
 public:
  explicit MessageCounter(const std::string& bytes)
      : most_(kFreeMessages + bytes.size() / kBytesAMessage),
        input_(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {}

  void Check() {
    if (!ReadFields(*::onnx::ModelProto::descriptor(), 1)) throw Error("not an ONNX file, or damaged or cut off");
  }

 private:
  bool ReadFields(const Descriptor& type, int depth) {
    if (depth > kDeepest) throw Error("messages are nested deeper than " + std::to_string(kDeepest));
    if (++count_ > most_) throw Error("more than " + std::to_string(most_) + " messages for its size");
    while (const std::uint32_t tag = input_.ReadTag()) {
      if (!ReadField(type, tag, depth)) return false;
    }
    return input_.ConsumedEntireMessage();
  }

  bool ReadField(const Descriptor& type, std::uint32_t tag, int depth) {
    switch (WireFormatLite::GetTagWireType(tag)) {
      case WireFormatLite::WIRETYPE_START_GROUP:
      case WireFormatLite::WIRETYPE_END_GROUP:
        return false;  // ONNX has none.
      case WireFormatLite::WIRETYPE_LENGTH_DELIMITED:
        break;
      default:
        return WireFormatLite::SkipField(&input_, tag);
    }
    const FieldDescriptor* field = type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
    if (field == nullptr || field->message_type() == nullptr) return WireFormatLite::SkipField(&input_, tag);
    std::uint32_t length;
    if (!input_.ReadVarint32(&length) || length > static_cast<std::uint32_t>(input_.BytesUntilLimit())) return false;
    const CodedInputStream::Limit outer = input_.PushLimit(static_cast<int>(length));
    const bool good = ReadFields(*field->message_type(), depth + 1);
    input_.PopLimit(outer);
    return good;
  }

  std::size_t count_ = 0;
  std::size_t most_;
  CodedInputStream input_;
};

std::string ReadWhole(const std::filesystem::path& path) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  if (error) throw Error(error.message());
  if (size > kMostBytes) throw Error(std::to_string(size) + " bytes, expected less than 2 GiB");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error("cannot be opened");
  std::string bytes(size, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!stream) throw Error("cannot be read to its end");
  return bytes;
}

}  // namespace

ProtoFile ReadProtoFile(const std::filesystem::path& path) {
  const std::string bytes = ReadWhole(path);
  MessageCounter(bytes).Check();
  ProtoFile file;
  file.bytes = bytes.size();
  if (!file.proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw Error("not an ONNX file, or damaged or cut off");
  }
  return file;
}

}  // namespace fallow::nn::onnx_io
