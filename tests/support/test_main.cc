// main() of every test binary: GoogleTest's, and for each failure the command that runs that test alone.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <utility>

namespace {

class RerunPrinter : public testing::EmptyTestEventListener {
 public:
  explicit RerunPrinter(std::string binary) : binary_(std::move(binary)) {}

 private:
  void OnTestEnd(const testing::TestInfo& test) override {
    if (!test.result()->Failed()) return;
    std::printf("rerun: %s --gtest_filter=%s.%s\n", binary_.c_str(), test.test_suite_name(), test.name());
    std::fflush(stdout);
  }

  std::string binary_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new RerunPrinter(argv[0]));  // The list owns it.
  return RUN_ALL_TESTS();
}
