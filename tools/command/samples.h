// Data as the user names it, and the scaling that a model expects of its inputs.
#ifndef FALLOW_TOOLS_SAMPLES_H_
#define FALLOW_TOOLS_SAMPLES_H_

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "fallow/nn/data.h"

namespace fallow::tools {

// Where one set of samples is. Either `images` and `labels` (IDX files), or `csv` and `target`.
struct Source {
  std::string images, labels;
  std::string csv;
  std::string target;  // Column of `csv`: its name, or its number from 1.

  bool empty() const { return images.empty() && labels.empty() && csv.empty(); }
};

struct Samples {
  nn::Dataset data;                  // y has no rows where the source names no labels or target.
  bool bytes = false;                // x came as 0 .. 255.
  bool table = false;                // x came from a table, one feature a column.
  std::vector<std::string> columns;  // Of a table with a header: its features.

  bool labelled() const { return data.y.rows() > 0; }
};

// Reads the samples that `source` names; labels or a target may be left out. Throws UsageError or nn::Error naming the
// file if they cannot be read or do not belong together.
Samples ReadSamples(const Source& source);

// Debian's copy of a well-known data set, by name. Throws UsageError naming the package if it is not installed.
struct KnownData {
  Source train, test;
  std::vector<std::string> classes;  // Without commas.
};
KnownData FindKnownData(const std::string& name);

// x -> (x - offset) / divisor, with one number for all columns or one for each.
struct InputScaling {
  std::vector<float> offset = {0.0f};
  std::vector<float> divisor = {1.0f};

  void Apply(nn::Tensor& x) const;  // Throws UsageError if x has another number of columns.

  void Store(std::map<std::string, std::string>& metadata) const;
  static InputScaling Load(const std::map<std::string, std::string>& metadata);
};

// Bytes to [0, 1]; each feature of a table to mean 0 and standard deviation 1 over the given rows; floats as they are.
InputScaling MakeScaling(const Samples& samples);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_SAMPLES_H_
