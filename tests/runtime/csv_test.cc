#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fallow/nn/data.h"
#include "tests/runtime/allocations.h"
#include "tests/runtime/files.h"

namespace fallow::nn {
namespace {

const std::string kByteOrderMark = "\xEF\xBB\xBF";

class CsvTest : public testing::Test {
 protected:
  CsvTable Read(const std::string& text) {
    WriteBytes(path_, text);
    return ReadCsv(path_);
  }

  void ExpectTable(const std::string& text, std::size_t columns, const std::vector<float>& values,
                   const std::vector<std::string>& header = {}) {
    SCOPED_TRACE(text);
    const CsvTable table = Read(text);
    EXPECT_EQ(table.header, header);
    EXPECT_EQ(table.values.cols(), columns);
    EXPECT_EQ(table.values.rows(), values.size() / columns);
    EXPECT_EQ(std::vector<float>(table.values.values().begin(), table.values.values().end()), values);
  }

  template <class... Parts>
  testing::AssertionResult ReadFails(const std::string& text, const Parts&... parts) {
    WriteBytes(path_, text);
    return Fails([&] { ReadCsv(path_); }, path_.string() + ": ", parts...);
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "data.csv";
};

TEST_F(CsvTest, Separators) {
  ExpectTable("1,2,3\n4,5,6\n", 3, {1, 2, 3, 4, 5, 6});
  ExpectTable("1;2;3\n4;5;6\n", 3, {1, 2, 3, 4, 5, 6});
  ExpectTable("1\t2\t3\n4\t5\t6\n", 3, {1, 2, 3, 4, 5, 6});
  ExpectTable("1 2 3\n  4   5\t6  \n", 3, {1, 2, 3, 4, 5, 6});
  ExpectTable(" 1 , 2 ,\t3\n4,5,6\n", 3, {1, 2, 3, 4, 5, 6});
  ExpectTable("1\n2\n", 1, {1, 2});
}

TEST_F(CsvTest, LineEnds) {
  ExpectTable("1,2\r\n3,4\r\n", 2, {1, 2, 3, 4});
  ExpectTable("1,2\n3,4", 2, {1, 2, 3, 4});
  ExpectTable("1,2\r\n3,4", 2, {1, 2, 3, 4});
  ExpectTable("1,2\n3,4\n\n \n\r\n", 2, {1, 2, 3, 4});
  ExpectTable(kByteOrderMark + "1,2\n3,4\n", 2, {1, 2, 3, 4});
}

TEST_F(CsvTest, Headers) {
  ExpectTable("a,b\n1,2\n", 2, {1, 2}, {"a", "b"});
  ExpectTable(kByteOrderMark + "a,b\r\n1,2\r\n", 2, {1, 2}, {"a", "b"});
  ExpectTable("\"a, b\";\"c \"\"d\"\"\"\n1;2\n", 2, {1, 2}, {"a, b", "c \"d\""});
  ExpectTable("\"a b\" c\n1 2\n", 2, {1, 2}, {"a b", "c"});
  ExpectTable("label,0,1\n1,2,3\n", 3, {1, 2, 3}, {"label", "0", "1"});
  ExpectTable(",x\n1,2\n", 2, {1, 2}, {"", "x"});
  ExpectTable("\tx\n1\t2\n", 2, {1, 2}, {"", "x"});
}

TEST_F(CsvTest, Numbers) {
  ExpectTable("-1.5,+2.25,1e3,1E-3,.5,0,-0.0,3.4028234e38\n", 8,
              {-1.5f, 2.25f, 1e3f, 1e-3f, 0.5f, 0.0f, -0.0f, 3.4028234e38f});
}

TEST_F(CsvTest, Gzip) {
  std::string text = "x y\n";
  std::vector<float> values;
  for (int i = 0; i < 30'000; ++i) {
    text += std::to_string(i) + " " + std::to_string(-i) + "\n";
    values.insert(values.end(), {static_cast<float>(i), static_cast<float>(-i)});
  }
  ExpectTable(text, 2, values, {"x", "y"});  // Longer than any buffer.
  WriteGzip(path_, text);
  const CsvTable table = ReadCsv(path_);
  EXPECT_EQ(std::vector<float>(table.values.values().begin(), table.values.values().end()), values);
  WriteBytes(path_, ReadBytes(path_).substr(0, 10'000));
  EXPECT_TRUE(Fails([&] { ReadCsv(path_); }, "cut off"));
}

TEST_F(CsvTest, CellsThatAreNotFiniteNumbers) {
  EXPECT_TRUE(ReadFails("1,2\n3,x\n", "line 2, column 2: 'x' is not a finite number"));
  EXPECT_TRUE(ReadFails("1,2\n3,\n", "line 2, column 2: ''"));
  EXPECT_TRUE(ReadFails("1,2\n3,4 5\n", "line 2, column 2: '4 5'"));
  EXPECT_TRUE(ReadFails("a,b\n1,2\n1,nan\n", "line 3, column 2: 'nan'"));
  EXPECT_TRUE(ReadFails("nan,2\n", "line 1, column 1: 'nan'"));
  EXPECT_TRUE(ReadFails("1,-inf\n", "line 1, column 2: '-inf'"));
  EXPECT_TRUE(ReadFails("1,1e39\n", "line 1, column 2: '1e39'"));
  EXPECT_TRUE(ReadFails("1,0x10\n", "line 1, column 2"));
  EXPECT_TRUE(ReadFails("1,+-2\n", "line 1, column 2"));
  EXPECT_TRUE(ReadFails("1,\"2\"\n", "line 1, column 2"));
  EXPECT_TRUE(ReadFails("1,5;2,5\n", "line 1, column 2: '5;2'"));
  EXPECT_TRUE(ReadFails("1,\x1B[2J" + std::string(1000, 'y') + "\n", "line 1, column 2: '?[2Jyy", "…'"));
}

TEST_F(CsvTest, RaggedRows) {
  EXPECT_TRUE(ReadFails("1,2\n3,4,5\n", "line 2 has 3 columns, expected 2"));
  EXPECT_TRUE(ReadFails("1,2\n3\n", "line 2 has 1 columns, expected 2"));
  EXPECT_TRUE(ReadFails("a,b,c\n1,2\n", "line 2 has 2 columns, expected 3"));
  EXPECT_TRUE(ReadFails("1,2\n\n3,4\n", "line 2 is empty"));
}

TEST_F(CsvTest, NoNumbers) {
  EXPECT_TRUE(ReadFails("", "holds no numbers"));
  EXPECT_TRUE(ReadFails("\n\n", "holds no numbers"));
  EXPECT_TRUE(ReadFails("a,b\n", "holds no numbers"));
  EXPECT_TRUE(Fails([&] { ReadCsv(folder_ / "none.csv"); }, "none.csv: No such file"));
  EXPECT_TRUE(Fails([&] { ReadCsv(folder_ / "."); }, "is a folder"));
}

TEST_F(CsvTest, AnEndlessLineCostsBoundedMemory) {
  WriteGzip(path_, std::string(std::size_t{400} << 20, '1'));
  ResetPeaks();
  EXPECT_TRUE(Fails([&] { ReadCsv(path_); }, "line 1 exceeds 64 MiB"));
  EXPECT_LT(PeakBytes(), std::size_t{256} << 20);
}

}  // namespace
}  // namespace fallow::nn
