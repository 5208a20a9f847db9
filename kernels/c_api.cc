#include "kernels/c_api.h"

#include <algorithm>
#include <type_traits>

#include "fallow/activation.h"
#include "fallow/types.h"

namespace fallow::c_api {
namespace {

// Arrays of keys are handed on as they are.
static_assert(sizeof(fallow_mask_key) == sizeof(MaskKey) && alignof(fallow_mask_key) == alignof(MaskKey));
static_assert(std::is_standard_layout_v<MaskKey> && offsetof(fallow_mask_key, seed) == offsetof(MaskKey, seed));
static_assert(offsetof(fallow_mask_key, stream) == offsetof(MaskKey, stream));
static_assert(offsetof(fallow_mask_key, first_element) == offsetof(MaskKey, first_element));
static_assert(offsetof(fallow_mask_key, rounds) == offsetof(MaskKey, rounds));
static_assert(offsetof(fallow_mask_key, layout) == offsetof(MaskKey, layout));

template <class Enum>
constexpr bool Same(int c, Enum cpp) {
  return c == static_cast<int>(cpp);
}

static_assert(Same(FALLOW_F32, DType::kF32) && Same(FALLOW_F64, DType::kF64) && Same(FALLOW_BF16, DType::kBF16) &&
              Same(FALLOW_F16, DType::kF16));
static_assert(Same(FALLOW_SCALE_IN_TRAINING, Scaling::kInTraining) &&
              Same(FALLOW_SCALE_AT_INFERENCE, Scaling::kAtInference));
static_assert(Same(FALLOW_MASK_BITS, MaskFormat::kBits) && Same(FALLOW_MASK_BYTES, MaskFormat::kBytes));
static_assert(Same(FALLOW_ROUNDS_7, Rounds::k7) && Same(FALLOW_ROUNDS_10, Rounds::k10));
static_assert(Same(FALLOW_STREAM_FALLOW, MaskStream::kFallow) && Same(FALLOW_STREAM_CURAND, MaskStream::kCurand) &&
              Same(FALLOW_STREAM_PYTORCH_STATELESS, MaskStream::kPyTorchStateless) &&
              Same(FALLOW_STREAM_ONEDNN, MaskStream::kOneDnn) && Same(FALLOW_STREAM_ONEDNN_36, MaskStream::kOneDnn36) &&
              Same(FALLOW_STREAM_TENSORFLOW, MaskStream::kTensorFlow) &&
              Same(FALLOW_STREAM_JAX_THREEFRY, MaskStream::kJaxThreefry));
static_assert(Same(FALLOW_LINEAR, Activation::kLinear) && Same(FALLOW_RELU, Activation::kReLU) &&
              Same(FALLOW_LEAKY_RELU, Activation::kLeakyReLU) && Same(FALLOW_ELU, Activation::kELU) &&
              Same(FALLOW_SELU, Activation::kSELU) && Same(FALLOW_GELU, Activation::kGELU) &&
              Same(FALLOW_SILU, Activation::kSiLU) && Same(FALLOW_SIGMOID, Activation::kSigmoid) &&
              Same(FALLOW_TANH, Activation::kTanh));

void HandOn(void* context, const CallRecord& record) noexcept {
  const auto& c = *static_cast<const fallow_execution*>(context);
  const fallow_call_record to_c = {.operation = record.operation,
                                   .elements = record.elements,
                                   .target = record.target.bit(),
                                   .start = record.start,
                                   .nanoseconds = record.nanoseconds,
                                   .thread_nanoseconds = record.thread_nanoseconds,
                                   .mask_nanoseconds = record.mask_nanoseconds,
                                   .dtype = record.dtype == kNoDType ? -1 : static_cast<std::int32_t>(record.dtype),
                                   .threads = record.threads};
  c.profile(c.profile_context, &to_c);
}

// Another number would choose no kernel at all.
Status CheckTarget(fallow_target target) {
  const std::span<const Target> all = CompiledTargets();
  if (target == 0 || std::ranges::find(all, Target::FromBit(target)) != all.end()) return {};
  return Status::Invalid("target", static_cast<double>(target), "a target of the library, or 0");
}

Status CheckExecution(const fallow_execution& c) {
  if (c.reserved_threads != 0) return Status::Invalid("reserved_threads", c.reserved_threads, "zero");
  if (const Status status = CheckReserved(c.reserved); !status.ok()) return status;
  return CheckTarget(c.target);
}

Status CheckRowKeys(const fallow_mask& c) {
  if (c.row_key_count == 0) return {};
  if (const Status status = CheckAddress("row_keys", c.row_keys); !status.ok()) return status;
  for (const fallow_mask_key& key : std::span(c.row_keys, c.row_key_count)) {
    if (const Status status = CheckReserved(key.reserved); !status.ok()) return status;
  }
  return {};
}

// The mask without its broadcast.
Status FromSource(const fallow_mask& c, Mask* mask) {
  switch (c.source) {
    case FALLOW_MASK_FROM_KEY: {
      MaskKey key;
      const Status status = ToCpp(c.key, &key);
      *mask = Mask(ToCpp(c.rate), key);
      return status;
    }
    case FALLOW_MASK_FROM_ROW_KEYS:
      *mask = Mask(ToCpp(c.rate), {reinterpret_cast<const MaskKey*>(c.row_keys), c.row_key_count});
      return CheckRowKeys(c);
    case FALLOW_MASK_STORED:
      *mask = Mask(ToCpp(c.rate), {c.stored, c.stored_bytes}, ToEnum<MaskFormat>(c.format));
      return {};
    default:
      return Status::Invalid("source", c.source, "FALLOW_MASK_FROM_KEY, _FROM_ROW_KEYS or _STORED");
  }
}

Status Spread(const fallow_mask& c, Mask* mask) {
  if (c.dims == 0) return {};
  if (c.dims > Broadcast::kMaxDims) return Status::Invalid("dims", static_cast<double>(c.dims), "at most 8");
  if (const Status status = CheckAddress("shape", c.shape); !status.ok()) return status;
  if (const Status status = CheckAddress("noise_shape", c.noise_shape); !status.ok()) return status;
  *mask = mask->Over(Broadcast(std::span(c.shape, c.dims), std::span(c.noise_shape, c.dims)));
  return {};
}

}  // namespace

Status CheckAddress(const char* argument, const void* address) noexcept {
  return address != nullptr ? Status() : Status::Invalid(argument, 0, "an address, not null");
}

Status ToCpp(const fallow_mask_key& c, MaskKey* key) noexcept {
  *key = {.seed = c.seed,
          .stream = c.stream,
          .first_element = c.first_element,
          .rounds = static_cast<Rounds>(c.rounds),
          .layout = static_cast<MaskStream>(c.layout)};
  return CheckReserved(c.reserved);
}

Status ToCpp(const fallow_mask* c, Mask* mask) noexcept {
  if (const Status status = CheckAddress("mask", c); !status.ok()) return status;
  if (const Status status = CheckReserved(c->reserved); !status.ok()) return status;
  if (const Status status = FromSource(*c, mask); !status.ok()) return status;
  return Spread(*c, mask);
}

Machine::Machine(const fallow_execution* c) noexcept {
  if (c == nullptr) return;
  status_ = CheckExecution(*c);
  execution_.max_threads = c->max_threads;
  execution_.target = Target::FromBit(c->target);
  if (c->profile == nullptr) return;
  sink_ = {.record = HandOn, .context = const_cast<fallow_execution*>(c)};
  execution_.profile = &sink_;
}

}  // namespace fallow::c_api
