// Files that are damaged in every place, and messages without end.
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "tests/runtime/onnx_damage.h"

namespace fallow::nn {
namespace {

using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;

// What every operator and pattern reads, in few bytes.
std::string SmallFile() {
  return ParseModel(
             "g (float[N, 2, 2] x) => (float[N, 2] y) <float[4, 3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "
             "float[3] b = {1, 2, 3}, int64[2] s = {0, -1}, float r = {0.3}, float q = {1.4142135}, float o = {1}, "
             "float h = {0.5}, double[2, 3] v = {1, 2, 3, 4, 5, 6}, int64 i = {0}, int64[1] z = {0}, int64[1] m = "
             "{-1}> {"
             "a = Shape(x) c = Gather(a, i) d = Unsqueeze(c, z) e = Concat<axis=0>(d, m) f = Reshape(x, e)"
             "g = Reshape(f, s) k = MatMul(g, w) l = Add(k, b) n = Dropout(l, r) p = Div(n, q) t = Erf(p) "
             "u = Add(t, o) aa = Mul(n, u) ab = Mul(aa, h) ac = LeakyRelu<alpha=0.2>(ab) ad = Sigmoid(ac) "
             "ae = Mul(ac, ad) af = Cast<to=1>(v) ag = Transpose<perm=[1, 0]>(af) ah = Gemm<alpha=0.5>(ae, ag) "
             "ai = Flatten<axis=1>(ah) y = Softmax<axis=-1>(ai) }")
      .SerializeAsString();
}

// The same of what reads images.
std::string SmallImageFile() {
  return ParseModel(
             "g (float[N, 4, 5] x) => (float[N, 2] y) <float[2, 1, 2, 2] w = {1, 2, 3, 4, 5, 6, 7, 8}, float[2] b = "
             "{1, 2}, "
             "int64[1] o = {1}, int64[8] p = {0, 0, 0, 1, 0, 0, 0, 1}, float[2, 1, 1, 1] v = {1, 2}> {"
             "a = Unsqueeze(x, o) c = Conv<kernel_shape=[2, 2], strides=[1, 1], pads=[0, 0, 1, 1], dilations=[1, "
             "1]>(a, w, b) "
             "d = Conv<group=2, auto_pad=\"VALID\">(c, v) e = MaxPool<kernel_shape=[2, 2], pads=[1, 0, 1, 0], "
             "ceil_mode=0>(d) "
             "f = Pad(e, p) h = AveragePool<kernel_shape=[1, 3], count_include_pad=1>(f) i = GlobalMaxPool(h) "
             "k = GlobalAveragePool(i) y = Flatten(k) }")
      .SerializeAsString();
}

// The same of what reads several values, and of attention.
std::string SmallGraphFile() {
  return ParseModel(
             "g (float[N, 3, 4] x, float[N, 12] z) => (float[N, 24] y) <float[4, 12] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, "
             "10, "
             "11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, "
             "37, "
             "38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48}, float[12] b = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "
             "float[4, 4] o = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, float[3, 3] m = {1, 0, 0, 1, 1, "
             "0, "
             "1, 1, 1}, float zero = {0}, float inf = {-10000}, float s = {0.7071068}, float r = {0.1}, int64 i0 = "
             "{0}, "
             "int64[1] l0 = {0}, int64[1] l1 = {1}, int64[1] l2 = {2}, int64[1] l3 = {3}, int64[2] f = {0, -1}, "
             "int64[3] sp = {4, 4, 4}, float[4] g = {1, 1, 1, 1}> {"
             "sh = Shape(x) n = Gather(sh, i0) n1 = Unsqueeze(n, l0) n2 = Mul(n1, l2) tr = Transpose<perm=[1, 0, "
             "2]>(x) "
             "p = MatMul(tr, w) pb = Add(p, b) q, k, v = Split<axis=-1>(pb, sp) t = Concat<axis=0>(l3, n2, l2) "
             "qr = Reshape(q, t) kr = Reshape(k, t) vr = Reshape(v, t) qt = Transpose<perm=[1, 0, 2]>(qr) "
             "kt = Transpose<perm=[1, 2, 0]>(kr) vt = Transpose<perm=[1, 0, 2]>(vr) qs = Mul(qt, s) c = MatMul(qs, kt) "
             "e = Equal(m, zero) cm = Where(e, inf, c) a = Softmax<axis=-1>(cm) ad = Dropout(a, r) h = MatMul(ad, vt) "
             "ht = Transpose<perm=[1, 0, 2]>(h) sp2 = Constant<value = int64[1] {4}>() n3 = Mul(n1, l3) sl = Slice(sh, "
             "l2, l3) u = Concat<axis=0>(n3, sl) hr = Reshape(ht, u) "
             "go = Gemm<transB=1>(hr, o, g) u3 = Concat<axis=0>(l3, n1, sp2) gr = Reshape(go, u3) "
             "gt = Transpose<perm=[1, 0, 2]>(gr) ga = Add(x, gt) mean = ReduceMean<axes=[-1]>(ga) d = Sub(ga, mean) "
             "two = Constant<value = float {2}>() sq = Pow(d, two) var = ReduceMean<axes=[-1]>(sq) ep = Add(var, r) "
             "sd = Sqrt(ep) dv = Div(d, sd) dg = Mul(dv, g) ln = Add(dg, g) fl = Reshape(ln, f) "
             "so = ConstantOfShape<value = int64[1] {-1}>(l1) ff = Concat<axis=0>(n1, so) "
             "fm = Reshape(ln, ff) zz = Add(z, fl) zu = Unsqueeze(z, l2) zs = Squeeze(zu, l2) zx = Add(zz, fm) "
             "cc = Concat<axis=1>(zx, zs) y = Relu(cc) }")
      .SerializeAsString();
}

// The same of tokens and recurrent layers.
std::string SmallSequenceFile() {
  return ParseModel(
             "g (int64[N, 3] x) => (float[N, 2] y) <float[4, 2] e = {0, 0, 1, 2, 3, 4, 5, 6}, float[4, 2] k = {1, 2, "
             "3, "
             "4, 5, 6, 7, 8}, float[2, 4, 1] r = {1, 2, 3, 4, 5, 6, 7, 8}, float[2, 8] b = {1, 2, 3, 4, 5, 6, 7, 8, 9, "
             "1, 2, 3, 4, 5, 6, 7}, float[2, 3, 2] gw = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}, float[2, 3, 1] gr = {1, "
             "2, 3, 4, 5, 6}, float[2, 1, 1] hz = {0, 0}, float zero = {0}, int64[3] n = {1, 2, 3}, int64 i0 = {0}, "
             "int64 m2 = {-2}, int64[1] l0 = {0}, int64[1] l1 = {1}, int64[1] l2 = {2}, int64[1] l4 = {4}, int64[1] m1 "
             "= {-1}, int64[3] f = {0, 0, -1}> {"
             "em = Gather(e, x) c = Equal(em, zero) o = Not(c) ca = Cast<to=7>(o) mx = ReduceMax<axes=[2], "
             "keepdims=0>(ca) mu = Mul(mx, n) ml = ReduceMax<axes=[1], keepdims=0>(mu) le = Cast<to=6>(ml) "
             "s1 = Slice(k, l2, l4, l0) s2 = Slice(k, l0, l2, l0) kk = Concat<axis=0>(s1, s2) ku = Unsqueeze(kk, l0) "
             "w = Concat<axis=0>(ku, ku) sh = Shape(em) nb = Gather(sh, i0) nu = Unsqueeze(nb, l0) "
             "zs = Concat<axis=0>(l2, nu, l1) z = ConstantOfShape(zs) ez = Expand(hz, zs) "
             "t = Transpose<perm=[1, 0, 2]>(em) s, h = LSTM<direction=\"bidirectional\", hidden_size=1>(t, w, r, b, "
             "le, "
             "z, ez) st = Transpose<perm=[0, 2, 1, 3]>(s) rs = Reshape(st, f) s3, h3 = "
             "GRU<direction=\"bidirectional\", linear_before_reset=1>(rs, gw, gr, , , z) hs = Concat<axis=0>(h, h3) "
             "p = Gather(hs, m2) q = Slice(hs, m1, l4, l0) qs = Squeeze(q, l0) j = Concat<axis=1>(p, qs) y = Relu(j) }")
      .SerializeAsString();
}

TEST_F(OnnxDamageTest, TheFilesThemselvesAreGood) {
  EXPECT_EQ(Try(SmallSequenceFile()), "no error");
  EXPECT_EQ(Try(SmallFile()), "no error");
  EXPECT_EQ(Try(SmallImageFile()), "no error");
  EXPECT_EQ(Try(SmallGraphFile()), "no error");
}

TEST_F(OnnxDamageTest, EveryCutIsAnError) {
  const std::string bytes = SmallFile();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // At its end are the opsets: without them nothing is known.
    EXPECT_NE(Try(bytes.substr(0, size)), "no error") << size;
  }
}

TEST_F(OnnxDamageTest, AnyDamagedByte) {
  constexpr int kChanges[] = {0xFF, 0x01, 0x08, 0x02, 0x04, 0x10, 0x20, 0x40, 0x80};
  for (const std::string& bytes : {SmallFile(), SmallImageFile(), SmallGraphFile(), SmallSequenceFile()}) {
    const std::size_t changes = bytes.size() < 3000 ? std::size(kChanges) : 3;
    for (std::size_t position = 0; position < bytes.size(); ++position) {
      for (const int change : std::span(kChanges).first(changes)) {
        std::string damaged = bytes;
        damaged[position] = static_cast<char>(damaged[position] ^ change);
        ASSERT_NO_FATAL_FAILURE(ExpectHarmless(damaged)) << position << ' ' << change;
      }
    }
  }
}

// Bytes overwritten, inserted, left out, copied from elsewhere, several times.
std::string Mutated(std::string bytes, std::mt19937& random) {
  for (std::size_t left = 1 + random() % 6; left > 0; --left) {
    const std::size_t at = random() % bytes.size(), from = random() % bytes.size(), count = 1 + random() % 20;
    const std::string piece = bytes.substr(from, count);
    switch (random() % 5) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes.insert(at, piece);
        break;
      case 2:
        bytes.replace(at, piece.size(), piece);
        break;
      case 3:
        bytes.insert(at, 1 + random() % 10, static_cast<char>(random() % 2 == 0 ? 0xFF : random()));
        break;
      default:
        if (bytes.size() > 100) bytes.erase(at, count);
    }
  }
  return bytes;
}

TEST_F(OnnxDamageTest, Mutations) {
  std::mt19937 random(1);
  for (const std::string& bytes : {SmallFile(), SmallImageFile(), SmallGraphFile(), SmallSequenceFile()}) {
    for (int i = 0; i < 3'000; ++i) ASSERT_NO_FATAL_FAILURE(ExpectHarmless(Mutated(bytes, random))) << i;
  }
}

// Mutations that keep the form of the file get further than those of its bytes.
TEST_F(OnnxDamageTest, MutatedGraphs) {
  ModelProto good[4];
  ASSERT_TRUE(good[0].ParseFromString(SmallFile()));
  ASSERT_TRUE(good[1].ParseFromString(SmallImageFile()));
  ASSERT_TRUE(good[2].ParseFromString(SmallGraphFile()));
  ASSERT_TRUE(good[3].ParseFromString(SmallSequenceFile()));
  std::mt19937 random(1);
  for (int i = 0; i < 12'000; ++i) {
    ModelProto model = good[i % 4];
    GraphProto& graph = *model.mutable_graph();
    const auto any_node = [&] { return graph.mutable_node(static_cast<int>(random() % graph.node_size())); };
    const auto any_tensor = [&] {
      return graph.mutable_initializer(static_cast<int>(random() % graph.initializer_size()));
    };
    for (std::size_t left = 1 + random() % 3; left > 0; --left) {
      NodeProto &node = *any_node(), &other = *any_node();
      switch (random() % 6) {
        case 0:
          node.set_op_type(other.op_type());
          break;
        case 1:
          if (node.input_size() > 0) node.set_input(static_cast<int>(random() % node.input_size()), other.output(0));
          break;
        case 2:
          *node.mutable_attribute() = other.attribute();
          break;
        case 3:
          node.add_input(any_tensor()->name());
          break;
        case 4:
          any_tensor()->mutable_dims()->CopyFrom(any_tensor()->dims());
          break;
        default:
          if (!node.input().empty()) node.mutable_input()->RemoveLast();
      }
    }
    ASSERT_NO_FATAL_FAILURE(ExpectHarmless(model.SerializeAsString())) << i;
  }
}

TEST_F(OnnxDamageTest, NoRegularFile) {
  EXPECT_TRUE(Fails([&] { LoadOnnx(folder_ / "none"); }, "none: No such file"));
  EXPECT_TRUE(Fails([&] { LoadOnnx(folder_ / "."); }, "Is a directory"));
  EXPECT_EQ(Try(""), path_.string() + ": not an ONNX model: has no graph");
  EXPECT_NE(Try("{\"json\": 1}").find("not an ONNX file"), std::string::npos);
}

TEST_F(OnnxDamageTest, TwoGibibytes) {
  WriteBytes(path_, "");
  std::filesystem::resize_file(path_, std::uintmax_t{1} << 31);  // A hole.
  ResetPeaks();
  EXPECT_TRUE(Fails([&] { LoadOnnx(path_); }, "2147483648 bytes, expected less than 2 GiB"));
  EXPECT_LT(PeakBytes(), kLittleMemory);
}

// A field of the file with `bytes` in it: number `field`, wire type 2.
std::string Field(int field, const std::string& bytes) {
  std::string text = {static_cast<char>(field << 3 | 2)};
  for (std::size_t length = bytes.size();; length >>= 7) {
    text += static_cast<char>(length < 128 ? length : (length & 127) | 128);
    if (length < 128) return text + bytes;
  }
}

std::string Repeated(const std::string& piece, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += piece;
  return text;
}

constexpr int kGraph = 7, kNode = 1, kAttribute = 5, kAttributeGraph = 6, kInitializer = 5;
constexpr std::size_t kMegabyte = 1'000'000;

TEST_F(OnnxDamageTest, ManyMessages) {
  EXPECT_NE(TryLarge(Field(kGraph, Repeated(Field(kNode, ""), kMegabyte))).find("more than 141384 messages"),
            std::string::npos);
  EXPECT_NE(TryLarge(Field(kGraph, Repeated(Field(kInitializer, ""), kMegabyte))).find("messages"), std::string::npos);
  EXPECT_NE(TryLarge(Field(kGraph, Field(kNode, Repeated(Field(kAttribute, ""), kMegabyte)))).find("messages"),
            std::string::npos);
  EXPECT_NE(TryLarge(Field(kGraph, Repeated(Field(kNode, "12345678"), kMegabyte))), "no error");
}

TEST_F(OnnxDamageTest, ManyOtherThings) {
  constexpr char kVarint = 0x78, kStartGroup = 0x7B, kEndGroup = 0x7C;  // Of field 15, which is not known.
  TryLarge(Repeated(std::string{kVarint, 1}, kMegabyte));
  TryLarge(Repeated(Field(15, ""), kMegabyte));
  EXPECT_NE(TryLarge(Repeated(std::string{kStartGroup, kEndGroup}, kMegabyte)).find("damaged"), std::string::npos);
  EXPECT_NE(TryLarge(Repeated(std::string{kStartGroup}, kMegabyte)).find("damaged"), std::string::npos);
  TryLarge(Field(kGraph, Field(kNode, Repeated(Field(1, ""), kMegabyte))));           // Inputs.
  TryLarge(Field(kGraph, Field(kInitializer, Field(1, std::string(kMegabyte, 1)))));  // Dimensions.
  TryLarge(Field(kGraph, Field(kInitializer, Field(7, std::string(kMegabyte, 1)))));  // Integers.
  TryLarge(Field(kGraph, Field(kInitializer, Repeated(Field(6, ""), kMegabyte))));    // Strings.
}

TEST_F(OnnxDamageTest, DeepNesting) {
  std::string graph;
  for (int depth = 0; depth < 100; ++depth) {
    graph = Field(kNode, Field(kAttribute, Field(kAttributeGraph, graph)));
  }
  EXPECT_NE(Try(Field(kGraph, graph)).find("nested deeper than 100"), std::string::npos);
}

}  // namespace
}  // namespace fallow::nn
