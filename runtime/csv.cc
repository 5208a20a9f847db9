#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/nn/data.h"
#include "runtime/file_error.h"
#include "runtime/input_file.h"

namespace fallow::nn {
namespace {

constexpr char kBlanks = ' ';  // As a separator: any run of blanks and tabs.
constexpr std::size_t kBufferBytes = std::size_t{1} << 16;
constexpr std::size_t kLongestLine = std::size_t{1} << 26;  // A longer one is not text, or a compressed nothing.

class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& path) : file_(path), buffer_(kBufferBytes) {}

  const std::filesystem::path& path() const { return file_.path(); }
  std::size_t number() const { return number_; }  // Of the line read last, from 1.

  // Sets `*line`, without its end, valid until the next call. Returns false at the end of the file.
  bool Next(std::string_view* line) {
    line_.clear();
    ++number_;
    while (begin_ < end_ || Fill()) {
      const std::string_view rest(reinterpret_cast<const char*>(buffer_.data()) + begin_, end_ - begin_);
      const std::size_t length = rest.find('\n');
      line_ += rest.substr(0, length);
      if (line_.size() > kLongestLine) throw FileError(path(), "line " + std::to_string(number_) + " exceeds 64 MiB");
      begin_ += std::min(length, rest.size() - 1) + 1;
      if (length != std::string_view::npos) return Found(line);
    }
    return !line_.empty() && Found(line);
  }

 private:
  bool Fill() {
    begin_ = 0;
    end_ = file_.Read(buffer_);
    return end_ > 0;
  }

  bool Found(std::string_view* line) {
    *line = line_;
    if (number_ == 1 && line->starts_with("\xEF\xBB\xBF")) line->remove_prefix(3);  // UTF-8 byte order mark.
    if (line->ends_with('\r')) line->remove_suffix(1);
    return true;
  }

  InputFile file_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string line_;
  std::size_t number_ = 0;
};

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// The first comma, semicolon or tab outside quotes; blanks if there is none.
char FindSeparator(std::string_view line) {
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == ',' || c == ';' || c == '\t')) return c;
  }
  return kBlanks;
}

// The number of characters up to the next separator outside quotes.
std::size_t CellLength(std::string_view line, char separator) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') quoted = !quoted;
    if (!quoted && (line[i] == separator || (separator == kBlanks && IsBlank(line[i])))) return i;
  }
  return line.size();
}

// Takes cells off the front of a line.
class Cells {
 public:
  Cells(std::string_view line, char separator)
      : rest_(separator == kBlanks ? Trim(line) : line), separator_(separator) {}

  // Sets `*cell`, trimmed. Returns false at the end of the line, which comes after the last cell, not before it: a line
  // that ends with a separator has an empty last cell.
  bool Next(std::string_view* cell) {
    if (ended_) return false;
    const std::size_t length = CellLength(rest_, separator_);
    *cell = Trim(rest_.substr(0, length));
    ended_ = length == rest_.size();
    if (!ended_) rest_.remove_prefix(length + 1);
    if (separator_ == kBlanks) rest_ = Trim(rest_);
    return true;
  }

 private:
  std::string_view rest_;
  char separator_;
  bool ended_ = false;
};

std::optional<float> ParseNumber(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return static_cast<float>(value);
}

std::string Unquote(std::string_view cell) {
  if (cell.size() < 2 || cell.front() != '"' || cell.back() != '"') return std::string(cell);
  std::string name;
  for (std::size_t i = 1; i + 1 < cell.size(); ++i) {
    name += cell[i];
    if (cell[i] == '"' && cell[i + 1] == '"' && i + 2 < cell.size()) ++i;
  }
  return name;
}

// For messages: short, and nothing that a terminal would act on.
std::string Quoted(std::string_view cell) {
  constexpr std::size_t kLongest = 32;
  std::string text = "'";
  for (const char c : cell.substr(0, kLongest)) text += c >= 0 && c < ' ' ? '?' : c;
  return text + (cell.size() > kLongest ? "…'" : "'");
}

class CsvReader {
 public:
  explicit CsvReader(const std::filesystem::path& path) : lines_(path) {}

  CsvTable Read() {
    for (std::string_view line; lines_.Next(&line);) AddLine(line);
    if (rows_ == 0) throw FileError(lines_.path(), "holds no numbers");
    CsvTable table{std::move(header_), Tensor(rows_, Shape{columns_})};
    std::copy(values_.begin(), values_.end(), table.values.data());
    return table;
  }

 private:
  void AddLine(std::string_view line) {
    if (Trim(line).empty()) {
      if (empty_line_ == 0) empty_line_ = lines_.number();
      return;
    }
    if (empty_line_ != 0) throw FileError(lines_.path(), "line " + std::to_string(empty_line_) + " is empty");
    if (lines_.number() == 1) {
      separator_ = FindSeparator(line);
      if (ReadHeader(line)) return;
    }
    AddRow(line);
  }

  // A first line is a header if its first cell is not a number.
  bool ReadHeader(std::string_view line) {
    Cells cells(line, separator_);
    std::string_view cell;
    cells.Next(&cell);
    if (ParseNumber(cell)) return false;
    do header_.push_back(Unquote(cell));
    while (cells.Next(&cell));
    columns_ = header_.size();
    return true;
  }

  void AddRow(std::string_view line) {
    Cells cells(line, separator_);
    std::size_t column = 0;
    for (std::string_view cell; cells.Next(&cell);) {
      const std::optional<float> value = ParseNumber(cell);
      ++column;
      if (!value || !std::isfinite(*value)) throw CellError(column, cell);
      values_.push_back(*value);
    }
    if (columns_ == 0) columns_ = column;
    if (column != columns_) {
      throw FileError(lines_.path(), "line " + std::to_string(lines_.number()) + " has " + std::to_string(column) +
                                         " columns, expected " + std::to_string(columns_));
    }
    ++rows_;
  }

  Error CellError(std::size_t column, std::string_view cell) const {
    return FileError(lines_.path(), "line " + std::to_string(lines_.number()) + ", column " + std::to_string(column) +
                                        ": " + Quoted(cell) + " is not a finite number");
  }

  LineReader lines_;
  char separator_ = kBlanks;
  std::size_t columns_ = 0;
  std::size_t rows_ = 0;
  std::size_t empty_line_ = 0;
  std::vector<std::string> header_;
  std::vector<float> values_;
};

}  // namespace

CsvTable ReadCsv(const std::filesystem::path& path) { return CsvReader(path).Read(); }

}  // namespace fallow::nn
