#include "fallow/random.h"

#include "kernels/call.h"
#include "kernels/checks.h"
#include "kernels/chunks.h"
#include "kernels/keyed_mask.h"
#include "kernels/noise.h"
#include "kernels/noise_kernels.h"
#include "kernels/word_kernels.h"
#include "kernels/word_plan.h"

namespace fallow {
namespace {

using Generator = void (*)(const NoiseWords& words, std::size_t count, void* out);

Status Generate(const char* output, Generator NoiseKernels::*generator, const MaskKey& key, const Array& out,
                const Call& call) {
  const Status status =
      FirstError(CheckKey("key", key, out.size()), CheckArray(output, out), CheckComputedInFloat(output, out));
  if (!status.ok()) return status;
  const Generator generate = NoiseKernelsFor(out.type(), call.target()).*generator;
  Noise(key, call.target())
      .ForEach(
          call, [&](const NoiseWords& words, std::size_t n, void* to) { generate(words, n, to); }, out);
  return call.Done();
}

}  // namespace

Status GenerateUniformBits(const MaskKey& key, std::span<std::uint32_t> words, const Execution& execution) noexcept {
  const Call call(__func__, kNoDType, words.size(), execution);
  const Status status = CheckKey("key", key, words.size());
  if (!status.ok()) return status;
  if (words.data() == nullptr && !words.empty()) {
    return Status::Invalid("words", static_cast<double>(words.size()), "no elements where the address is null");
  }
  const WordKernels& kernels = WordKernelsFor(call.target());
  const WordPlan plan(key);
  ForEachChunk(words.size(), call, [&](std::size_t first, std::size_t n) {
    TimeMask(call, [&] { kernels.generate_words(plan, key.first_element + first, n, words.data() + first); });
  });
  return call.Done();
}

Status GenerateUniforms(const MaskKey& key, Array u, const Execution& execution) noexcept {
  const Call call(__func__, u, execution);
  return Generate("u", &NoiseKernels::uniforms, key, u, call);
}

Status GenerateNormals(const MaskKey& key, Array z, const Execution& execution) noexcept {
  const Call call(__func__, z, execution);
  return Generate("z", &NoiseKernels::normals, key, z, call);
}

}  // namespace fallow
