// What C has of its own: versions, messages, instruction sets, threads, and what no C++ caller can write.
#include <gtest/gtest.h>
#include <tbb/task_arena.h>

#include <cstdint>
#include <string>
#include <vector>

#include "fallow/activation.h"
#include "fallow/fallow.h"
#include "fallow/target.h"
#include "tests/kernels/c_functions.h"

namespace fallow::test {
namespace {

constexpr std::size_t kCount = 100;
const std::vector<float> x(kCount, 1.0f);
const fallow_const_array kIn = fallow_const_elements(x.data(), FALLOW_F32, kCount);
const fallow_mask kMask = fallow_mask_from_key(0.3, fallow_key(7, 9));

TEST(CApiTest, AbiVersion) { EXPECT_EQ(fallow_abi_version(), std::uint32_t{FALLOW_ABI_VERSION}); }

// On x86-64 and aarch64. Whoever has to change a number has changed the ABI.
TEST(CApiTest, LayoutsStay) {
  ASSERT_EQ(sizeof(void*), 8u);
  EXPECT_EQ(sizeof(fallow_status), 24u);
  EXPECT_EQ(sizeof(fallow_execution), 64u);
  EXPECT_EQ(offsetof(fallow_execution, target), 8u);
  EXPECT_EQ(offsetof(fallow_execution, profile_context), 24u);
  EXPECT_EQ(sizeof(fallow_array), 40u);
  EXPECT_EQ(sizeof(fallow_const_array), 40u);
  EXPECT_EQ(sizeof(fallow_rate), 16u);
  EXPECT_EQ(sizeof(fallow_mask_key), 32u);
  EXPECT_EQ(sizeof(fallow_mask), 144u);
  EXPECT_EQ(offsetof(fallow_mask, key), 24u);
  EXPECT_EQ(offsetof(fallow_mask, stored), 72u);
  EXPECT_EQ(offsetof(fallow_mask, noise_shape), 104u);
  EXPECT_EQ(sizeof(fallow_drop_block_shape), 88u);
  EXPECT_EQ(sizeof(fallow_activation), 8u);
  EXPECT_EQ(sizeof(fallow_attention), 64u);
  EXPECT_EQ(sizeof(fallow_concrete_rate), 16u);
  EXPECT_EQ(offsetof(fallow_call_record, dtype), 56u);
}

// Outputs stay as they were.
class CErrorsTest : public testing::Test {
 protected:
  ~CErrorsTest() override { EXPECT_EQ(y_, std::vector<float>(kCount, 3.0f)); }

  // "argument: got value" of the error.
  std::string Error(const fallow_mask* mask, const fallow_execution* execution = nullptr) {
    return Error(kIn, mask, FALLOW_F32, execution);
  }
  std::string Error(fallow_const_array in, const fallow_mask* mask, fallow_dtype out,
                    const fallow_execution* execution = nullptr) {
    const std::string text =
        MessageOf(fallow_dropout_forward(in, mask, fallow_elements(y_.data(), out, kCount), execution));
    return text.substr(0, text.find(", expected"));
  }

  std::vector<float> y_ = std::vector<float>(kCount, 3.0f);
};

TEST_F(CErrorsTest, Masks) {
  EXPECT_EQ(Error(nullptr), "mask: got 0");
  fallow_mask wrong = kMask;
  wrong.rate.drop_probability = 1.5;
  EXPECT_EQ(Error(&wrong), "rate: got 1.5");
  wrong = kMask;
  wrong.rate.scaling = 256;
  EXPECT_EQ(Error(&wrong), "rate: got 255");
  wrong = kMask;
  wrong.source = 3;
  EXPECT_EQ(Error(&wrong), "source: got 3");
  wrong = kMask;
  wrong.reserved[3] = 5;
  EXPECT_EQ(Error(&wrong), "reserved: got 5");
}

TEST_F(CErrorsTest, Keys) {
  fallow_mask wrong = kMask;
  wrong.key.rounds = 0;
  EXPECT_EQ(Error(&wrong), "key: got 0");
  wrong = kMask;
  wrong.key.reserved[5] = 6;
  EXPECT_EQ(Error(&wrong), "reserved: got 6");
  wrong.source = FALLOW_MASK_FROM_ROW_KEYS;
  EXPECT_EQ(Error(&wrong).substr(0, 14), "row_keys: got ");
  wrong.row_key_count = 1;
  EXPECT_EQ(Error(&wrong), "row_keys: got 0");
  wrong.row_keys = &wrong.key;
  EXPECT_EQ(Error(&wrong), "reserved: got 6");
  wrong.key.reserved[5] = 0;
  wrong.key.layout = 99;
  EXPECT_EQ(Error(&wrong).substr(0, 14), "row_keys: got ");
}

TEST_F(CErrorsTest, StoredMasks) {
  fallow_mask wrong = kMask;
  wrong.source = FALLOW_MASK_STORED;
  EXPECT_EQ(Error(&wrong), "mask: got 0");
  wrong.stored_bytes = fallow_bit_mask_bytes(kCount);
  EXPECT_EQ(Error(&wrong).substr(0, 6), "mask: ");
  const std::vector<std::uint8_t> bits(fallow_bit_mask_bytes(kCount));
  wrong.stored = bits.data();
  wrong.format = 256;
  EXPECT_EQ(Error(&wrong).substr(0, 6), "mask: ");
}

TEST_F(CErrorsTest, Broadcasts) {
  const std::size_t shape[9] = {10, 10, 1, 1, 1, 1, 1, 1, 1};
  fallow_mask wrong = kMask;
  wrong.dims = 2;
  EXPECT_EQ(Error(&wrong), "shape: got 0");
  wrong.shape = shape;
  EXPECT_EQ(Error(&wrong), "noise_shape: got 0");
  wrong.noise_shape = shape + 1;
  EXPECT_EQ(Error(&wrong), "ok");
  y_.assign(kCount, 3.0f);
  wrong.dims = 9;
  EXPECT_EQ(Error(&wrong), "dims: got 9");
  wrong.dims = 1;
  EXPECT_EQ(Error(&wrong).substr(0, 11), "broadcast: ");
}

TEST_F(CErrorsTest, Types) {
  for (const std::int32_t dtype : {-1, 4, 256}) {
    fallow_const_array in = kIn;
    in.dtype = dtype;
    EXPECT_EQ(Error(in, &kMask, dtype).substr(0, 2), "x:");
    EXPECT_EQ(Error(kIn, &kMask, dtype).substr(0, 2), "y:");
  }
}

TEST_F(CErrorsTest, Executions) {
  fallow_execution wrong = {};
  wrong.target = 3;
  EXPECT_EQ(Error(&kMask, &wrong), "target: got 3");
  wrong = {};
  wrong.reserved_threads = 1;
  EXPECT_EQ(Error(&kMask, &wrong), "reserved_threads: got 1");
}

TEST_F(CErrorsTest, TheOtherStructs) {
  const fallow_array y = fallow_elements(y_.data(), FALLOW_F32, kCount);
  const auto error = [](const fallow_status& status) {
    const std::string text = MessageOf(status);
    return text.substr(0, text.find(", expected"));
  };
  EXPECT_EQ(error(fallow_count_kept(&kMask, kCount, nullptr, nullptr)).substr(0, 5), "kept:");
  EXPECT_EQ(error(fallow_drop_block_forward(kIn, nullptr, {0.5, 0}, fallow_key(1, 2), y, nullptr)), "shape: got 0");
  fallow_drop_block_shape shape = {1, 1, 10, 10, 2, 2, 0, 1, {}};
  EXPECT_EQ(error(fallow_drop_block_forward(kIn, &shape, {0.5, 0}, fallow_key(1, 2), y, nullptr)),
            "reserved_share: got 1");
  shape.reserved_share = 0;
  shape.reserved[0] = 2;
  EXPECT_EQ(error(fallow_drop_block_forward(kIn, &shape, {0.5, 0}, fallow_key(1, 2), y, nullptr)), "reserved: got 2");
  fallow_mask_key key = fallow_key(1, 2);
  key.reserved[0] = 4;
  EXPECT_EQ(error(fallow_generate_normals(key, y, nullptr)), "reserved: got 4");
  EXPECT_EQ(error(fallow_generate_uniform_bits(fallow_key(1, 2), nullptr, 5, nullptr)).substr(0, 6), "words:");
  fallow_attention attention = {};
  attention.reserved[1] = 3;
  EXPECT_EQ(error(fallow_softmax_dropout_forward(kIn, 1, &attention, &kMask, y, nullptr)), "reserved: got 3");
  EXPECT_EQ(error(fallow_bias_activation_dropout_forward(kIn, {}, {256, 0}, &kMask, {}, y, nullptr)).substr(0, 11),
            "activation:");
  EXPECT_EQ(error(fallow_dropout_rms_norm_forward(kIn, kIn, &kMask, nullptr, 1e-5, y, y, nullptr)).substr(0, 12),
            "gamma: got 0");
}

TEST(CStatusTest, MessagesAreCutToFit) {
  const fallow_status status = {"rate", "a number in [0, 1]", 1.5};
  const std::string whole = "rate: got 1.5, expected a number in [0, 1]";
  EXPECT_EQ(MessageOf(status), whole);
  EXPECT_EQ(MessageOf({}), "ok");
  EXPECT_EQ(fallow_status_message(status, nullptr, 0), whole.size());
  for (std::size_t size = 1; size <= whole.size() + 2; ++size) {
    std::string text(size + 1, '#');
    EXPECT_EQ(fallow_status_message(status, text.data(), size), whole.size());
    EXPECT_EQ(text.c_str(), whole.substr(0, size - 1));
    EXPECT_EQ(text.back(), '#');
  }
}

TEST(CTargetsTest, AreThoseOfCpp) {
  fallow_target all[32] = {};
  const std::size_t count = fallow_supported_targets(all, 32);
  ASSERT_EQ(count, SupportedTargets().size());
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_STREQ(fallow_target_name(all[i]), SupportedTargets()[i].name());
    fallow_target found = 0;
    ASSERT_TRUE(fallow_ok(fallow_find_target(fallow_target_name(all[i]), &found)));
    EXPECT_EQ(found, all[i]);
  }
  EXPECT_STREQ(fallow_target_name(fallow_default_target()), DefaultTarget().name());
  EXPECT_STREQ(fallow_target_name(0), "default");
  EXPECT_STREQ(fallow_target_name(3), "unknown");

  fallow_target first = 0;
  EXPECT_EQ(fallow_supported_targets(nullptr, 0), count);
  EXPECT_EQ(fallow_supported_targets(&first, 1), count);
  EXPECT_EQ(first, all[0]);
}

TEST(CTargetsTest, Unknown) {
  fallow_target untouched = 77;
  EXPECT_STREQ(fallow_find_target("no-such", &untouched).argument, "name");
  EXPECT_STREQ(fallow_find_target(nullptr, &untouched).argument, "name");
  EXPECT_STREQ(fallow_find_target("SCALAR", nullptr).argument, "target");
  EXPECT_EQ(untouched, 77);
}

// Of a call on a million elements: its record.
fallow_call_record RecordOf(std::int32_t max_threads, fallow_target target) {
  std::vector<float> y(1 << 20);
  fallow_call_record record = {};
  fallow_execution execution = {};
  execution.max_threads = max_threads;
  execution.target = target;
  execution.profile = [](void* context, const fallow_call_record* r) {
    *static_cast<fallow_call_record*>(context) = *r;
  };
  execution.profile_context = &record;
  EXPECT_TRUE(fallow_ok(fallow_dropout_forward(fallow_const_elements(y.data(), FALLOW_F32, y.size()), &kMask,
                                               fallow_elements(y.data(), FALLOW_F32, y.size()), &execution)));
  return record;
}

TEST(CExecutionTest, CapsTheTarget) {
  fallow_target all[32] = {};
  const std::size_t count = fallow_supported_targets(all, 32);
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(RecordOf(1, all[i]).target, all[i]);
  EXPECT_EQ(RecordOf(1, 0).target, fallow_default_target());
}

TEST(CExecutionTest, UsesTheCallersArena) {
  tbb::task_arena(2).execute([] {
    EXPECT_EQ(RecordOf(0, 0).threads, 2);
    EXPECT_EQ(RecordOf(-1, 0).threads, 2);
    EXPECT_EQ(RecordOf(1, 0).threads, 1);
  });
  tbb::task_arena(1).execute([] { EXPECT_EQ(RecordOf(0, 0).threads, 1); });
}

TEST(CExecutionTest, Records) {
  const fallow_call_record record = RecordOf(1, 0);
  EXPECT_STREQ(record.operation, "DropoutForward");
  EXPECT_EQ(record.elements, std::size_t{1} << 20);
  EXPECT_EQ(record.dtype, FALLOW_F32);
  EXPECT_GT(record.start, 0);
  EXPECT_GT(record.mask_nanoseconds, 0);
  EXPECT_GE(record.nanoseconds, record.mask_nanoseconds);
  EXPECT_EQ(record.thread_nanoseconds, record.nanoseconds);

  std::vector<fallow_call_record> records;
  fallow_execution execution = {};
  execution.profile = [](void* context, const fallow_call_record* r) {
    static_cast<std::vector<fallow_call_record>*>(context)->push_back(*r);
  };
  execution.profile_context = &records;
  std::size_t kept = 0;
  ASSERT_TRUE(fallow_ok(fallow_count_kept(&kMask, kCount, &kept, &execution)));
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].dtype, -1);
}

}  // namespace
}  // namespace fallow::test
