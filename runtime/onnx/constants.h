// The constants of a graph: initializers, Constant nodes, and what follows from them alone.
#ifndef FALLOW_RUNTIME_ONNX_CONSTANTS_H_
#define FALLOW_RUNTIME_ONNX_CONSTANTS_H_

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/onnx/pieces.h"

namespace fallow::nn::onnx_io {

// A tensor, perhaps read the other way round: a view, so that passing weights on costs nothing.
struct Constant {
  const ::onnx::TensorProto* tensor = nullptr;
  bool transposed = false;  // Only if it has two dimensions.

  std::vector<std::int64_t> dims() const;
};

class Constants {
 public:
  // The initializers of `graph`, which must outlive the object. `most_numbers`: that Floats and Integers hand out
  // altogether, and that pieces take the room of. One tensor may be the input of any number of nodes, and memory must
  // not grow with that.
  Constants(const ::onnx::GraphProto& graph, std::size_t most_numbers);

  void Add(std::string_view name, const Constant& constant) { all_.emplace(name, constant); }
  void AddPieces(std::string_view name, Pieces pieces);
  // Keeps a tensor that is not in the file.
  Constant Keep(::onnx::TensorProto tensor) { return {&made_.emplace_back(std::move(tensor))}; }

  bool Has(std::string_view name) const { return all_.contains(name) || pieces_.contains(name); }
  // Null if there is none of that name that is a tensor.
  const Constant* Find(std::string_view name) const;
  // Row by row, or column by column if there are two dimensions and `transposed`. Throws Error if it is no such
  // constant.
  std::vector<float> Floats(std::string_view name, bool transposed = false) const;
  std::vector<float> Floats(std::string_view name, const Pieces& pieces) const;  // `name`: for messages.
  std::vector<std::int64_t> Integers(std::string_view name) const;
  std::vector<bool> Booleans(std::string_view name) const;  // As Floats.
  // Counts numbers that are handed out otherwise. Throws Error if they are too many.
  void Charge(std::size_t numbers) const;
  // What is put together, or a whole tensor that is not transposed. Nothing if there is no such constant.
  std::optional<Pieces> FindPieces(std::string_view name) const;
  // The number, if the constant is one alone; of f32, as for DecimalOf.
  std::optional<double> Number(std::string_view name) const;

 private:
  const Constant& Get(std::string_view name) const;
  void Charge(std::string_view name, std::size_t numbers) const;  // Throws Error unless there may be so many.
  template <class T>
  std::vector<T> Charged(std::string_view name, std::vector<T> values) const {
    Charge(name, values.size());
    return values;
  }

  std::map<std::string_view, Constant> all_;
  std::map<std::string_view, Pieces> pieces_;
  std::deque<::onnx::TensorProto> made_;
  mutable std::size_t numbers_left_;
};

// If the output of the node, an operator of ONNX, is constant, and how is known, adds it. Throws Error for an attribute
// that is not known.
void Fold(const ::onnx::NodeProto& node, Constants* constants);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_CONSTANTS_H_
