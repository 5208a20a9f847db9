#include "fallow/fused.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "hwy/cache_control.h"
#include "kernels/bias_row.h"
#include "kernels/call.h"
#include "kernels/checks.h"
#include "kernels/chunks.h"
#include "kernels/column_sums.h"
#include "kernels/convert_kernels.h"
#include "kernels/element_address.h"
#include "kernels/fused_kernels.h"
#include "kernels/mask_words.h"
#include "kernels/masked.h"
#include "kernels/words.h"

namespace fallow {
namespace {

bool LeftOut(const ConstArray& array) { return array.data() == nullptr && array.size() == 0; }

Status CheckActivation(const ActivationFunction& activation) {
  if (activation.which > Activation::kTanh) {
    return Status::Invalid("activation", static_cast<double>(activation.which), "an Activation");
  }
  if (std::isfinite(activation.negative_slope)) return {};
  return Status::Invalid("activation", activation.negative_slope, "a finite negative_slope");
}

Status CheckInput(const char* argument, const ConstArray& x) {
  if (const Status status = CheckArray(argument, x); !status.ok()) return status;
  if (x.type() != DType::kF64) return {};
  return Status::Invalid(argument, static_cast<double>(x.type()), "f32, bf16 or f16");
}

// A vector of x's columns: bias or dbias.
Status CheckRow(const char* argument, const ConstArray& row, std::size_t cols) {
  if (const Status status = CheckArray(argument, row); !status.ok()) return status;
  if (row.rows() == 1 && row.cols() == cols) return {};
  return Status::Invalid(argument, static_cast<double>(row.size()), "one row of as many elements as x has columns");
}

Status CheckBias(const ConstArray& bias, const ConstArray& x) {
  if (LeftOut(bias)) return {};
  if (const Status status = CheckRow("bias", bias, x.cols()); !status.ok()) return status;
  if (bias.type() == x.type() || bias.type() == DType::kF32) return {};
  return Status::Invalid("bias", static_cast<double>(bias.type()), "the type of x, or f32");
}

Status CheckResidual(const ConstArray& residual, const ConstArray& x, const ConstArray& y) {
  if (LeftOut(residual)) return {};
  if (const Status status = CheckArray("residual", residual); !status.ok()) return status;
  if (const Status status = CheckLike("residual", residual, x); !status.ok()) return status;
  return CheckOutput("y", residual, y);
}

Status CheckForward(const ConstArray& x, const ConstArray& bias, const ActivationFunction& activation, const Mask& mask,
                    const ConstArray& residual, const ConstArray& y) {
  if (const Status status = CheckInput("x", x); !status.ok()) return status;
  const Status status = FirstError(CheckBias(bias, x), CheckActivation(activation), CheckMask(mask, x.size()));
  if (!status.ok()) return status;
  if (const Status output = CheckOutput("y", x, y); !output.ok()) return output;
  return FirstError(CheckResidual(residual, x, y), CheckApart("y", y, bias),
                    CheckBytesApart("mask", StoredBytes(mask), y));
}

Status CheckDBias(const ConstArray& dbias, const ConstArray& dy, const ConstArray& x, const ConstArray& bias,
                  const Mask& mask, const ConstArray& dx) {
  if (LeftOut(dbias)) return {};
  if (const Status status = CheckRow("dbias", dbias, x.cols()); !status.ok()) return status;
  if (dbias.type() != DType::kF32) return Status::Invalid("dbias", static_cast<double>(dbias.type()), "f32");
  return FirstError(CheckApart("dbias", dbias, dy), CheckApart("dbias", dbias, x), CheckApart("dbias", dbias, bias),
                    CheckApart("dbias", dbias, dx), CheckBytesApart("mask", StoredBytes(mask), dbias));
}

Status CheckBackward(const ConstArray& dy, const ConstArray& x, const ConstArray& bias,
                     const ActivationFunction& activation, const Mask& mask, const ConstArray& dx,
                     const ConstArray& dbias) {
  if (const Status status = FirstError(CheckInput("dy", dy), CheckArray("x", x)); !status.ok()) return status;
  if (const Status status = CheckLike("x", x, dy); !status.ok()) return status;
  const Status status = FirstError(CheckBias(bias, x), CheckActivation(activation), CheckMask(mask, x.size()));
  if (!status.ok()) return status;
  if (const Status output = CheckOutput("dx", dy, dx); !output.ok()) return output;
  const Status apart =
      FirstError(CheckOutput("dx", x, dx), CheckApart("dx", dx, bias), CheckBytesApart("mask", StoredBytes(mask), dx));
  return apart.ok() ? CheckDBias(dbias, dy, x, bias, mask, dx) : apart;
}

// Elements as floats: where they are, or converted into `buffer`, which has room for a tile.
const float* LoadTile(const ConstArray& array, std::size_t row, std::size_t col, std::size_t count, Target target,
                      float* buffer) {
  const void* address = ElementAddress(array, row, col);
  if (array.type() == DType::kF32) return static_cast<const float*>(address);
  ConvertKernelsFor(array.type(), target).to_floats(address, count, buffer);
  return buffer;
}

// Where a kernel writes a tile: into the array itself, or `buffer`.
float* TileToStore(Array array, std::size_t row, std::size_t col, float* buffer) {
  return array.type() == DType::kF32 ? static_cast<float*>(ElementAddress(array, row, col)) : buffer;
}

void StoreTile(const float* tile, std::size_t count, Array array, std::size_t row, std::size_t col, Target target) {
  if (array.type() == DType::kF32) return;
  ConvertKernelsFor(array.type(), target).from_floats(tile, count, ElementAddress(array, row, col));
}

// Elements, of a chunk with the mask `words`, that one call of a kernel takes.
struct Tile {
  std::size_t first;
  std::size_t row, col;  // Of element `first`.
  std::size_t count;
  const std::uint64_t* words;
  bool streaming;
};

// What forward and backward have in common: how elements are cut into tiles.
class Tiles {
 public:
  template <class... Inputs>
  Tiles(std::size_t period, Array output, const Inputs&... inputs)
      : cols_(output.cols()),
        period_(output.contiguous() && (inputs.contiguous() && ...) ? period : output.cols()),
        streamed_(output.type() == DType::kF32 && (WantsStreaming(inputs, output) && ...) ? output.data() : nullptr) {}

  // Calls body(tile) for elements [first, first + count), at most kChunkElements, with their mask.
  template <class Body>
  void ForEach(const Call& call, std::size_t first, std::size_t count, const MaskWords& mask, const Body& body) const {
    std::uint64_t words[kChunkWords];
    FillWords(call, mask, first, count, words);
    for (std::size_t done = 0; done < count;) {
      const std::size_t i = first + done;
      Tile tile = {i,         i / cols_,
                   i % cols_, std::min({kTileElements, period_ - i % period_, count - done}),
                   nullptr,   streamed_ != nullptr};
      if (streamed_ != nullptr) Align(tile);
      std::uint64_t shifted[kTileElements / 64];
      tile.words = words + done / 64;
      if (done % 64 != 0) {
        ShiftWords(words, done, tile.count, shifted);
        tile.words = shifted;
      }
      body(tile);
      done += tile.count;
    }
    if (streamed_ != nullptr) hwy::FlushStream();
  }

 private:
  // Streaming stores must be aligned; a short tile that is not goes before.
  void Align(Tile& tile) const {
    constexpr std::size_t kVector = 64;
    const std::size_t past = reinterpret_cast<std::uintptr_t>(static_cast<float*>(streamed_) + tile.first) % kVector;
    tile.streaming = past == 0;
    if (past != 0) tile.count = std::min(tile.count, (kVector - past) / sizeof(float));
  }

  std::size_t cols_;
  std::size_t period_;
  void* streamed_;
};

void Forward(const ConstArray& x, const ConstArray& bias, const ActivationFunction& activation, const Mask& mask,
             const ConstArray& residual, Array y, const Call& call) {
  const Target target = call.target();
  const FusedKernels& kernels = FusedKernelsFor(activation.which, target);
  const BiasRow bias_row(bias, x.cols(), target);
  const MaskWords source(mask, x.size(), target);
  const bool adds = !LeftOut(residual);
  const Tiles tiles(bias_row.period(), y, x, adds ? residual : x);
  const auto forward = [&](const Tile& tile) {
    float x_buffer[kTileElements];
    float bias_buffer[kTileElements];
    float residual_buffer[kTileElements];
    const auto [first, row, col, count, words, streaming] = tile;
    float* to = TileToStore(y, row, col, x_buffer);
    kernels.forward(activation,
                    {.x = LoadTile(x, row, col, count, target, x_buffer),
                     .bias = bias_row.At(first, count, bias_buffer),
                     .words = words,
                     .count = count,
                     .scale = mask.rate().scale(),
                     .residual = adds ? LoadTile(residual, row, col, count, target, residual_buffer) : nullptr,
                     .streaming = streaming,
                     .y = to});
    StoreTile(to, count, y, row, col, target);
  };
  ForEachChunk(x.size(), call,
               [&](std::size_t first, std::size_t count) { tiles.ForEach(call, first, count, source, forward); });
}

void Backward(const ConstArray& dy, const ConstArray& x, const ConstArray& bias, const ActivationFunction& activation,
              const Mask& mask, Array dx, Array dbias, const Call& call) {
  const Target target = call.target();
  const FusedKernels& kernels = FusedKernelsFor(activation.which, target);
  const BiasRow bias_row(bias, x.cols(), target);
  const MaskWords source(mask, x.size(), target);
  const Tiles tiles(bias_row.period(), dx, dy, x);
  const auto backward = [&](const Tile& tile, float* sums) {
    float dy_buffer[kTileElements];
    float x_buffer[kTileElements];
    float bias_buffer[kTileElements];
    const auto [first, row, col, count, words, streaming] = tile;
    float* to = TileToStore(dx, row, col, dy_buffer);
    kernels.backward(activation, {.dy = LoadTile(dy, row, col, count, target, dy_buffer),
                                  .x = LoadTile(x, row, col, count, target, x_buffer),
                                  .bias = bias_row.At(first, count, bias_buffer),
                                  .words = words,
                                  .count = count,
                                  .scale = mask.rate().scale(),
                                  .sums = sums,
                                  .streaming = streaming,
                                  .dx = to});
    StoreTile(to, count, dx, row, col, target);
  };
  if (LeftOut(dbias)) {
    return ForEachChunk(x.size(), call, [&](std::size_t first, std::size_t n) {
      tiles.ForEach(call, first, n, source, [&](const Tile& tile) { backward(tile, nullptr); });
    });
  }
  const ColumnPlan plan(x.size(), bias_row.period());
  const auto sum = [&](std::size_t first, std::size_t n, std::size_t column, float* sums) {
    tiles.ForEach(call, first, n, source,
                  [&](const Tile& tile) { backward(tile, sums + (tile.first % plan.period - column)); });
  };
  SumColumns(plan, x.cols(), call, sum, static_cast<float*>(dbias.data()));
}

}  // namespace

Status BiasActivationDropoutForward(ConstArray x, ConstArray bias, const ActivationFunction& activation,
                                    const Mask& mask, ConstArray residual, Array y,
                                    const Execution& execution) noexcept {
  const Call call(__func__, x, execution);
  if (const Status status = CheckForward(x, bias, activation, mask, residual, y); !status.ok()) return status;
  if (x.size() != 0) Forward(x, bias, activation, mask, residual, y, call);
  return call.Done();
}

Status BiasActivationDropoutBackward(ConstArray dy, ConstArray x, ConstArray bias, const ActivationFunction& activation,
                                     const Mask& mask, Array dx, Array dbias, const Execution& execution) noexcept {
  const Call call(__func__, dy, execution);
  if (const Status status = CheckBackward(dy, x, bias, activation, mask, dx, dbias); !status.ok()) return status;
  if (x.size() != 0) {
    Backward(dy, x, bias, activation, mask, dx, dbias, call);
  } else if (!LeftOut(dbias)) {
    std::fill_n(static_cast<float*>(dbias.data()), dbias.size(), 0.0f);
  }
  return call.Done();
}

}  // namespace fallow
