// Data sets: in memory, from IDX and CSV files.
#ifndef FALLOW_NN_DATA_H_
#define FALLOW_NN_DATA_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "fallow/nn/tensor.h"

namespace fallow::nn {

// Samples and their targets, row by row.
struct Dataset {
  Tensor x;
  Tensor y;  // One column with the class index for classification.
  std::size_t rows() const { return x.rows(); }
};

// Reads an IDX file (http://yann.lecun.com/exdb/mnist), plain or gzip, of unsigned bytes or of float, of rank 1 to 4
// and at most 2^32 elements: the first dimension becomes the rows, the others the shape of a sample. Bytes become 0 to
// 255. Memory grows with the data that are really there: a header that promises more, or less, is an error. Throws
// Error naming the file.
Tensor ReadIdx(const std::filesystem::path& path);

struct CsvTable {
  std::vector<std::string> header;  // Empty if there is none.
  Tensor values;
};

// Reads numbers, plain or gzip. They are separated by whichever of comma, semicolon and tab comes first in the first
// line outside quotes, or else by blanks. The first line is a header if its first cell is not a number; names may be in
// quotes. Empty lines may follow the last row. Throws Error naming file, line and column for a cell that is not a
// finite number, and file and line for a row of another length than the first.
CsvTable ReadCsv(const std::filesystem::path& path);

// Copies the given rows. Throws Error for a row that is not there.
Dataset Select(const Dataset& data, std::span<const std::uint32_t> rows);
// The same into existing tensors: allocates nothing once they were as large.
void Select(const Dataset& data, std::span<const std::uint32_t> rows, Dataset* selected);

// 0 .. count-1 in an order that is a pure function of (count, seed, stream): Fisher-Yates, every order equally likely.
// Shares no random bits with any dropout mask. Throws Error for a count of 2^32 or more.
std::vector<std::uint32_t> Permutation(std::size_t count, std::uint64_t seed, std::uint64_t stream);
// The same into existing memory: allocates nothing.
void Permute(std::span<std::uint32_t> order, std::uint64_t seed, std::uint64_t stream);

}  // namespace fallow::nn

#endif  // FALLOW_NN_DATA_H_
