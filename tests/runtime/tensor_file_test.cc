#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "fallow/nn/model_file.h"
#include "tests/runtime/allocations.h"
#include "tests/runtime/files.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

// Far above what a file of a few hundred bytes needs, far below what a header can promise.
constexpr std::size_t kLittleMemory = 1u << 18;

std::string Bytes(const void* values, std::size_t size) { return {static_cast<const char*>(values), size}; }

std::string Floats(const std::vector<float>& values) { return Bytes(values.data(), values.size() * sizeof(float)); }

std::string Length(std::uint64_t length) { return Bytes(&length, sizeof(length)); }

std::string Assemble(const std::string& header, const std::string& values) {
  return Length(header.size()) + header + values;
}

TensorFile::Entry MakeEntry(const std::string& name, const std::vector<std::size_t>& shape, std::size_t rows,
                            const std::vector<float>& values) {
  TensorFile::Entry entry{name, shape, Tensor(rows, Shape{values.size() / rows})};
  std::ranges::copy(values, entry.value.data());
  return entry;
}

TensorFile SmallFile() {
  TensorFile file;
  file.entries.push_back(
      MakeEntry("0.weight", {2, 3}, 2, {1, -2, 3, std::numeric_limits<float>::quiet_NaN(), 5, -0.0f}));
  file.entries.push_back(MakeEntry("0.bias", {2}, 1, {7, 8}));
  file.metadata = {{"format", "pt"}, {"says", "naïve \"quotes\"\n"}};
  return file;
}

class TensorFileTest : public testing::Test {
 protected:
  template <class... Parts>
  testing::AssertionResult ReadFails(const std::string& bytes, const Parts&... parts) {
    WriteBytes(path_, bytes);
    ResetPeaks();
    const testing::AssertionResult fails = Fails([&] { ReadTensorFile(path_); }, path_.string() + ": ", parts...);
    if (PeakBytes() > kLittleMemory) return testing::AssertionFailure() << PeakBytes() << " bytes allocated";
    return fails;
  }

  // One tensor "t" described by `json`, with eight bytes of values.
  template <class... Parts>
  testing::AssertionResult TensorFails(const std::string& json, const Parts&... parts) {
    return ReadFails(Assemble("{\"t\":" + json + "}", Floats({1, 2})), parts...);
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "tensors.safetensors";
};

void ExpectSame(const TensorFile& actual, const TensorFile& expected) {
  EXPECT_EQ(actual.metadata, expected.metadata);
  ASSERT_EQ(actual.entries.size(), expected.entries.size());
  for (std::size_t i = 0; i < actual.entries.size(); ++i) {
    const TensorFile::Entry &a = actual.entries[i], &b = expected.entries[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.shape, b.shape);
    ASSERT_EQ(a.value.rows(), b.value.rows());
    ASSERT_EQ(a.value.cols(), b.value.cols());
    EXPECT_TRUE(test::SameBits(b.value.values(), a.value.values()));
  }
}

TEST_F(TensorFileTest, ReadsWhatItWrote) {
  WriteTensorFile(path_, SmallFile());
  ExpectSame(ReadTensorFile(path_), SmallFile());
  EXPECT_FALSE(std::filesystem::exists(path_.string() + ".tmp"));
}

TEST_F(TensorFileTest, Empty) {
  WriteTensorFile(path_, {});
  ExpectSame(ReadTensorFile(path_), {});
}

// Byte by byte as the format's description has it.
TEST_F(TensorFileTest, Layout) {
  WriteTensorFile(path_, SmallFile());
  const std::string bytes = ReadBytes(path_);
  std::uint64_t length;
  std::memcpy(&length, bytes.data(), sizeof(length));
  EXPECT_EQ(length % 8, 0u);
  ASSERT_EQ(bytes.size(), 8 + length + 32);
  const auto header = nlohmann::json::parse(bytes.substr(8, length));
  EXPECT_EQ(header, nlohmann::json::parse(R"({
      "__metadata__": {"format": "pt", "says": "naïve \"quotes\"\n"},
      "0.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
      "0.bias": {"dtype": "F32", "shape": [2], "data_offsets": [24, 32]}})"));
  EXPECT_EQ(bytes[8], '{');
  EXPECT_EQ(bytes.substr(8 + length + 24), Floats({7, 8}));
}

// Names in another order than the values, scalars, empty tensors, no padding.
TEST_F(TensorFileTest, FilesOfOthers) {
  WriteBytes(path_, Assemble(R"({"b":{"data_offsets":[4,12],"dtype":"F32","shape":[1,1,2]},)"
                             R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                             R"("e":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[4,4]}})",
                             Floats({1, 2, 3})));
  const TensorFile file = ReadTensorFile(path_);
  ASSERT_EQ(file.entries.size(), 3u);
  EXPECT_EQ(file.entries[0].name, "a");
  EXPECT_EQ(file.entries[0].value.data()[0], 1);
  EXPECT_EQ(file.entries[1].name, "e");
  EXPECT_EQ(file.entries[1].value.rows(), 0u);
  EXPECT_EQ(file.entries[2].name, "b");
  EXPECT_EQ(file.entries[2].shape, (std::vector<std::size_t>{1, 1, 2}));
  EXPECT_EQ(file.entries[2].value.rows(), 1u);
  EXPECT_EQ(file.entries[2].value.row(0)[1], 3);
}

TEST_F(TensorFileTest, HostileHeaders) {
  EXPECT_TRUE(ReadFails("", "too short"));
  EXPECT_TRUE(ReadFails("1234567", "too short"));
  EXPECT_TRUE(ReadFails(Length(3) + "{}", "a header of 3 bytes in a file of 10"));
  EXPECT_TRUE(ReadFails(Length(100'000'001) + "{}", "a header of 100000001 bytes"));
  EXPECT_TRUE(ReadFails(Length(~std::uint64_t{0}) + "{}", "a header of 18446744073709551615 bytes"));
  EXPECT_TRUE(ReadFails(Assemble("", ""), "not JSON"));
  EXPECT_TRUE(ReadFails(Assemble("{", ""), "not JSON"));
  EXPECT_TRUE(ReadFails(Assemble("{} x", ""), "not JSON"));
  EXPECT_TRUE(ReadFails(Assemble("{\"\xFF\":1}", ""), "not JSON"));
  EXPECT_TRUE(ReadFails(Assemble("{\"a\":1e999}", ""), "not JSON"));
  EXPECT_TRUE(ReadFails(Assemble("[]", ""), "not a JSON object"));
  EXPECT_TRUE(ReadFails(Assemble("7", ""), "not a JSON object"));
  EXPECT_TRUE(ReadFails(Assemble(std::string(4000, '['), ""), "nested too deeply"));
  EXPECT_TRUE(ReadFails(Assemble(R"({"__metadata__":{"a":1}})", ""), "metadata are not all text"));
  EXPECT_TRUE(ReadFails(Assemble(R"({"__metadata__":"a"})", ""), "metadata are not all text"));
  EXPECT_TRUE(ReadFails(Assemble(R"({"__metadata__":{"a":"b","a":"c"}})", ""), "'a' twice"));
  EXPECT_TRUE(ReadFails(Assemble("{}", "x"), "holds 1 bytes of values, the header lists 0"));
}

TEST_F(TensorFileTest, HostileTensors) {
  EXPECT_TRUE(TensorFails("7", "tensor 't'", "not described by a JSON object"));
  EXPECT_TRUE(TensorFails(R"({"shape":[2],"data_offsets":[0,8]})", "tensor 't'", "dtype null"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F16","shape":[4],"data_offsets":[0,8]})", "dtype \"F16\", expected \"F32\""));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","data_offsets":[0,8]})", "shape is not"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})", "shape is not"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})", "shape is not"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})", "shape is not"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":[[2]],"data_offsets":[0,8]})", "nested too deeply"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]})", "shape is not"));
  EXPECT_TRUE(
      TensorFails(R"({"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]})", "shape is too large"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]})", "too large"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":[2],"data_offsets":[0]})", "data_offsets are not two"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8,8]})", "data_offsets are not two"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})", "data_offsets 8 to 0 of 8 bytes"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":[3],"data_offsets":[0,12]})", "data_offsets 0 to 12 of 8 bytes"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":[1],"data_offsets":[0,8]})", "8 bytes for 1 elements"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})", "begins at byte 4"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", "header lists 4"));
  EXPECT_TRUE(TensorFails(R"({"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]})", "'dtype' twice"));
}

TEST_F(TensorFileTest, TensorsThatOverlapOrShareAName) {
  const std::string first = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  const std::string values = Floats({1, 2, 3});
  EXPECT_TRUE(ReadFails(Assemble("{" + first + R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", values),
                        "tensor 'b'", "begins at byte 4, the one before ends at 8"));
  EXPECT_TRUE(ReadFails(Assemble("{" + first + R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", values),
                        "tensor 'b'", "begins at byte 0"));
  EXPECT_TRUE(ReadFails(Assemble("{" + first + R"(,"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})", values),
                        "'a' twice"));
}

TEST_F(TensorFileTest, NoRegularFile) {
  EXPECT_TRUE(Fails([&] { ReadTensorFile(folder_ / "none"); }, "none: No such file"));
  EXPECT_TRUE(Fails([&] { ReadTensorFile(folder_ / "."); }, "Is a directory"));
}

TEST_F(TensorFileTest, EveryCutIsAnError) {
  WriteTensorFile(path_, SmallFile());
  const std::string bytes = ReadBytes(path_);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_TRUE(ReadFails(bytes.substr(0, size))) << size;
  EXPECT_TRUE(ReadFails(bytes + "x"));
}

// Damage in a name, the metadata or the values is a file like another; anything else must be found, and nothing may
// crash or cost memory.
TEST_F(TensorFileTest, AnyDamagedByteCostsLittle) {
  WriteTensorFile(path_, SmallFile());
  const std::string bytes = ReadBytes(path_);
  for (std::size_t position = 0; position < bytes.size(); ++position) {
    for (const int change : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[position] = static_cast<char>(damaged[position] ^ change);
      WriteBytes(path_, damaged);
      ResetPeaks();
      const std::string message = ErrorOf([&] {
        const TensorFile file = ReadTensorFile(path_);
        std::size_t elements = 0;
        for (const auto& entry : file.entries) elements += entry.value.values().size();
        ASSERT_EQ(elements, 8u);
      });
      ASSERT_EQ(message.find('\n'), std::string::npos);
      ASSERT_LT(PeakBytes(), kLittleMemory) << position;
    }
  }
}

// A header as large as it may be, of what takes the most memory for a byte of text.
TEST_F(TensorFileTest, MemoryIsAMultipleOfTheFile) {
  std::string zeros = "{\"a\":[0";
  while (zeros.size() < 1'000'000) zeros += ",0";
  std::string keys = "{\"a\":0";
  for (int i = 0; keys.size() < 1'000'000; ++i) keys += ",\"" + std::to_string(i) + "\":{}";
  for (const std::string& header : {zeros + "]}", keys + "}"}) {
    WriteBytes(path_, Assemble(header, ""));
    ResetPeaks();
    EXPECT_TRUE(Fails([&] { ReadTensorFile(path_); }));
    EXPECT_LT(PeakBytes(), 50 * header.size());
  }
}

TEST_F(TensorFileTest, WhatCannotBeWritten) {
  const auto fails = [&](TensorFile::Entry entry, const char* part) {
    TensorFile file = SmallFile();
    file.entries.push_back(std::move(entry));
    return Fails([&] { WriteTensorFile(path_, file); }, path_.string() + ": ", part);
  };
  EXPECT_TRUE(fails(MakeEntry("0.bias", {1}, 1, {1}), "name '0.bias' is taken"));
  EXPECT_TRUE(fails(MakeEntry("__metadata__", {1}, 1, {1}), "name '__metadata__' is taken"));
  EXPECT_TRUE(fails(MakeEntry("x", {2}, 1, {1}), "the shape of tensor 'x' is not that of its 1 values"));
  EXPECT_TRUE(fails(MakeEntry("\xFF", {1}, 1, {1}), "not UTF-8"));
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(Fails([&] { WriteTensorFile(folder_ / "none/x", {}); }, "none/x.tmp: cannot create: No such file"));
}

TEST_F(TensorFileTest, AFailedWriteLeavesTheOldFile) {
  WriteTensorFile(path_, SmallFile());
  std::filesystem::create_directory(path_.string() + ".tmp");
  EXPECT_TRUE(Fails([&] { WriteTensorFile(path_, {}); }, "cannot create: Is a directory"));
  ExpectSame(ReadTensorFile(path_), SmallFile());
}

TEST_F(TensorFileTest, ATemporaryFileLeftBehindIsReplaced) {
  WriteBytes(path_.string() + ".tmp", std::string(10'000, 'x'));
  WriteTensorFile(path_, SmallFile());
  ExpectSame(ReadTensorFile(path_), SmallFile());
  EXPECT_FALSE(std::filesystem::exists(path_.string() + ".tmp"));
}

TEST_F(TensorFileTest, WritersOfOnePathTakeTurnsAndReadersSeeWholeFiles) {
  WriteTensorFile(path_, SmallFile());
  std::atomic<int> writing = 2;
  const auto write = [&] {
    for (int i = 0; i < 50; ++i) WriteTensorFile(path_, SmallFile());
    --writing;
  };
  std::thread first(write), second(write);
  while (writing > 0) ExpectSame(ReadTensorFile(path_), SmallFile());
  first.join();
  second.join();
  ExpectSame(ReadTensorFile(path_), SmallFile());
  EXPECT_FALSE(std::filesystem::exists(path_.string() + ".tmp"));
}

}  // namespace
}  // namespace fallow::nn
