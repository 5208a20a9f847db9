#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "fallow/nn/data.h"
#include "tests/runtime/allocations.h"
#include "tests/runtime/files.h"

namespace fallow::nn {
namespace {

std::string BigEndian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

std::string Header(std::uint32_t type, const std::vector<std::uint32_t>& dims) {
  std::string header = BigEndian(type << 8 | static_cast<std::uint32_t>(dims.size()));
  for (const std::uint32_t dim : dims) header += BigEndian(dim);
  return header;
}

constexpr std::uint32_t kByte = 0x08;
constexpr std::uint32_t kFloat = 0x0D;

// 2 x 3 bytes: 0, 1, 127, 128, 254, 255.
std::string SmallFile() { return Header(kByte, {2, 3}) + std::string("\x00\x01\x7F\x80\xFE\xFF", 6); }
const std::vector<float> kSmallValues = {0, 1, 127, 128, 254, 255};

std::vector<float> Values(const Tensor& tensor) { return {tensor.values().begin(), tensor.values().end()}; }

class IdxTest : public testing::Test {
 protected:
  testing::AssertionResult ReadFails(const std::string& bytes, const std::string& part) {
    WriteBytes(path_, bytes);
    return Fails([&] { ReadIdx(path_); }, path_.string() + ": ", part);
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "data.idx";
};

TEST_F(IdxTest, BytesPlainAndGzip) {
  WriteBytes(path_, SmallFile());
  WriteGzip(folder_ / "data.gz", SmallFile());
  for (const auto& path : {path_, folder_ / "data.gz"}) {
    const Tensor tensor = ReadIdx(path);
    EXPECT_EQ(tensor.rows(), 2u);
    EXPECT_EQ(tensor.sample_shape(), Shape({3}));
    EXPECT_EQ(Values(tensor), kSmallValues);
  }
}

TEST_F(IdxTest, EveryRank) {
  const std::string values(24, '\x05');
  const std::vector<std::vector<std::uint32_t>> shapes = {{24}, {4, 6}, {4, 3, 2}, {1, 4, 3, 2}};
  const std::vector<Shape> samples = {Shape(), Shape({6}), Shape({3, 2}), Shape({4, 3, 2})};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    WriteBytes(path_, Header(kByte, shapes[i]) + values);
    const Tensor tensor = ReadIdx(path_);
    EXPECT_EQ(tensor.rows(), shapes[i][0]);
    EXPECT_EQ(tensor.sample_shape(), samples[i]);
    EXPECT_EQ(Values(tensor), std::vector<float>(24, 5.0f));
  }
}

TEST_F(IdxTest, FloatsAreBigEndian) {
  WriteBytes(path_, Header(kFloat, {3}) + BigEndian(0x3F800000) + BigEndian(0xC0490FDB) + BigEndian(0x00000001));
  EXPECT_EQ(Values(ReadIdx(path_)), (std::vector<float>{1.0f, -3.14159274f, 1.40129846e-45f}));
}

TEST_F(IdxTest, LargerThanOneChunk) {
  constexpr std::uint32_t kRows = 3001, kColumns = 1024;
  std::string bytes = Header(kByte, {kRows, kColumns});
  for (std::uint32_t i = 0; i < kRows * kColumns; ++i) bytes += static_cast<char>(i * 2654435761u >> 24);
  WriteGzip(path_, bytes);
  const Tensor tensor = ReadIdx(path_);
  for (std::uint32_t i = 0; i < kRows * kColumns; ++i) {
    ASSERT_EQ(tensor.data()[i], static_cast<float>(i * 2654435761u >> 24)) << i;
  }
}

TEST_F(IdxTest, WrongHeaders) {
  EXPECT_TRUE(ReadFails("", "too short"));
  EXPECT_TRUE(ReadFails(SmallFile().substr(0, 3), "too short"));
  EXPECT_TRUE(ReadFails(SmallFile().substr(0, 9), "too short"));
  EXPECT_TRUE(ReadFails("PK\x03\x04 something else", "not an IDX file"));
  EXPECT_TRUE(ReadFails(Header(0x0C, {2}) + std::string(8, '\0'), "IDX type 12"));
  EXPECT_TRUE(ReadFails(BigEndian(0x00000800) + "x", "IDX rank 0"));
  EXPECT_TRUE(ReadFails(Header(kByte, {1, 1, 1, 1, 1}) + "x", "IDX rank 5"));
  EXPECT_TRUE(ReadFails(Header(kByte, {3, 0}), "dimension of 0"));
}

TEST_F(IdxTest, OtherSizeThanPromised) {
  EXPECT_TRUE(ReadFails(SmallFile().substr(0, 17), "ends after 5 bytes of values, the header promises 6"));
  WriteGzip(path_, SmallFile().substr(0, 17));
  EXPECT_TRUE(Fails([&] { ReadIdx(path_); }, "ends after 5 bytes of values, the header promises 6"));
  EXPECT_TRUE(ReadFails(SmallFile() + "x", "goes on after the 6 bytes"));
}

TEST_F(IdxTest, MissingFileAndFolder) {
  EXPECT_TRUE(Fails([&] { ReadIdx(folder_ / "none"); }, (folder_ / "none").string(), "No such file"));
  EXPECT_TRUE(Fails([&] { ReadIdx(folder_ / "."); }, "is a folder"));
}

TEST_F(IdxTest, EveryCutIsAnError) {
  const std::string plain = SmallFile();
  for (std::size_t size = 0; size < plain.size(); ++size) EXPECT_TRUE(ReadFails(plain.substr(0, size), "")) << size;
  WriteGzip(path_, plain);
  const std::string compressed = ReadBytes(path_);
  for (std::size_t size = 0; size < compressed.size(); ++size) {
    EXPECT_TRUE(ReadFails(compressed.substr(0, size), "")) << size;
  }
}

// Damage goes unnoticed only where gzip does not care: its time stamp and the like.
TEST_F(IdxTest, EveryFlippedBitOfAGzipIsHarmlessOrAnError) {
  WriteGzip(path_, SmallFile());
  const std::string compressed = ReadBytes(path_);
  std::size_t errors = 0;
  for (std::size_t bit = 0; bit < 8 * compressed.size(); ++bit) {
    std::string damaged = compressed;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    WriteBytes(path_, damaged);
    try {
      ASSERT_EQ(Values(ReadIdx(path_)), kSmallValues) << bit;
    } catch (const Error&) {
      ++errors;
    }
  }
  EXPECT_GT(errors, 8 * (compressed.size() - 10));  // All but a few in the header of ten bytes.
}

TEST_F(IdxTest, PromisesCostNoMemory) {
  constexpr std::uint32_t kMost = 0xFFFFFFFF;
  const std::vector<std::vector<std::uint32_t>> shapes = {
      {kMost}, {kMost, kMost}, {kMost, kMost, kMost, kMost}, {65536, 65536}, {65536, 65536, 2}, {1u << 30}};
  for (const std::uint32_t type : {kByte, kFloat}) {
    for (const auto& shape : shapes) {
      for (const bool gzip : {false, true}) {
        const std::string bytes = Header(type, shape) + std::string(100, '\0');
        gzip ? WriteGzip(path_, bytes) : WriteBytes(path_, bytes);
        ResetPeaks();
        EXPECT_TRUE(Fails([&] { ReadIdx(path_); }, "promises"));
        EXPECT_LT(PeakBytes(), 1u << 16);
      }
    }
  }
}

TEST_F(IdxTest, ABombIsReadNoFurtherThanPromised) {
  WriteGzip(path_, Header(kByte, {100}) + std::string(std::size_t{64} << 20, '\0'));
  ResetPeaks();
  EXPECT_TRUE(Fails([&] { ReadIdx(path_); }, "goes on after the 100 bytes"));
  EXPECT_LT(PeakBytes(), 1u << 16);
}

// The file is large enough for what the header says, but does not hold it.
TEST_F(IdxTest, MemoryGrowsWithWhatArrives) {
  std::string bytes = Header(kByte, {1u << 26}) + std::string(std::size_t{3} << 20, '\0');
  for (std::uint32_t i = 0; i < 80'000; ++i) bytes += static_cast<char>(i * i * 2654435761u >> 24);
  WriteGzip(path_, bytes);
  ResetPeaks();
  EXPECT_TRUE(Fails([&] { ReadIdx(path_); }, "ends after", "promises 67108864"));
  EXPECT_LT(PeakBytes(), std::size_t{16} << 20);
}

}  // namespace
}  // namespace fallow::nn
