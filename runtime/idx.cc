// IDX: two zero bytes, the type, the rank, the dimensions as big-endian 32-bit numbers, the values in row-major order.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fallow/nn/data.h"
#include "runtime/file_error.h"
#include "runtime/input_file.h"

namespace fallow::nn {
namespace {

enum class Type : std::uint8_t { kUnsignedByte = 0x08, kFloat = 0x0D };

constexpr std::uint64_t kMostElements = std::uint64_t{1} << 32;  // 16 GiB of floats.
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

struct Header {
  Type type;
  std::vector<std::size_t> dims;
  std::uint64_t elements = 1;
  std::uint64_t bytes() const { return elements * (type == Type::kFloat ? 4 : 1); }
};

std::uint32_t BigEndian(const std::byte* bytes) {
  const auto at = [bytes](int i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  return at(0) << 24 | at(1) << 16 | at(2) << 8 | at(3);
}

std::uint32_t ReadWord(InputFile& file) {
  std::byte word[4];
  if (file.Read(word) != sizeof(word)) throw FileError(file.path(), "too short for the header of an IDX file");
  return BigEndian(word);
}

Header ReadHeader(InputFile& file) {
  const std::uint32_t magic = ReadWord(file);
  const std::uint32_t type = magic >> 8;
  const std::uint32_t rank = magic & 0xFF;
  if (type > 0xFF) throw FileError(file.path(), "not an IDX file: it does not begin with two zero bytes");
  if (type != static_cast<std::uint32_t>(Type::kUnsignedByte) && type != static_cast<std::uint32_t>(Type::kFloat)) {
    throw FileError(file.path(), "IDX type " + std::to_string(type) + ", expected 8 (unsigned byte) or 13 (float)");
  }
  if (rank < 1 || rank > Shape::kMaxRank) {
    throw FileError(file.path(), "IDX rank " + std::to_string(rank) + ", expected 1 to 4");
  }
  Header header{static_cast<Type>(type), {}, 1};
  for (std::uint32_t axis = 0; axis < rank; ++axis) {
    header.dims.push_back(ReadWord(file));
    header.elements *= header.dims.back();  // At most 2^32 before, so it cannot overflow.
    if (header.elements == 0) throw FileError(file.path(), "the header has a dimension of 0");
    if (header.elements > kMostElements) throw FileError(file.path(), "the header promises more than 2^32 elements");
  }
  return header;
}

// Grows with what arrives, for the header may promise anything.
std::vector<std::byte> ReadValues(InputFile& file, std::uint64_t size) {
  if (size > file.MostBytes()) {
    throw FileError(file.path(), "the header promises " + std::to_string(size) + " bytes, more than the file can hold");
  }
  std::vector<std::byte> values;
  while (values.size() < size) {
    const std::size_t begin = values.size();
    values.resize(begin + std::min<std::uint64_t>(kChunkBytes, size - begin));
    const std::size_t wanted = values.size() - begin;
    const std::size_t got = file.Read(std::span(values).subspan(begin));
    if (got < wanted) {
      throw FileError(file.path(), "ends after " + std::to_string(begin + got) +
                                       " bytes of values, the header promises " + std::to_string(size));
    }
  }
  std::byte extra;
  if (file.Read({&extra, 1}) != 0) {
    throw FileError(file.path(),
                    "goes on after the " + std::to_string(size) + " bytes of values that the header promises");
  }
  return values;
}

}  // namespace

Tensor ReadIdx(const std::filesystem::path& path) {
  InputFile file(path);
  const Header header = ReadHeader(file);
  const std::vector<std::byte> bytes = ReadValues(file, header.bytes());
  Tensor tensor(header.dims[0], Shape(std::span(header.dims).subspan(1)));
  const std::span<float> values = tensor.values();
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = header.type == Type::kFloat ? std::bit_cast<float>(BigEndian(&bytes[4 * i]))
                                            : static_cast<float>(std::to_integer<std::uint8_t>(bytes[i]));
  }
  return tensor;
}

}  // namespace fallow::nn
