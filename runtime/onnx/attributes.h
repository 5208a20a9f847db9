// The attributes of a node.
#ifndef FALLOW_RUNTIME_ONNX_ATTRIBUTES_H_
#define FALLOW_RUNTIME_ONNX_ATTRIBUTES_H_

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fallow::nn::onnx_io {

// All throw Error naming the attribute.
class Attributes {
 public:
  explicit Attributes(const ::onnx::NodeProto& node);  // Which must outlive it.

  // What an attribute says, or the default if it is absent.
  float Float(std::string_view name, float otherwise);
  std::int64_t Integer(std::string_view name, std::int64_t otherwise);
  std::string String(std::string_view name, std::string_view otherwise);
  std::vector<std::int64_t> Integers(std::string_view name, std::vector<std::int64_t> otherwise);
  // Null if it is absent.
  const ::onnx::AttributeProto* Find(std::string_view name, ::onnx::AttributeProto_AttributeType type);

  void ExpectFloat(std::string_view name, float otherwise, float expected);  // To 1e-6 relative.
  void ExpectInteger(std::string_view name, std::int64_t otherwise, std::int64_t expected);
  void ExpectNoMore() const;  // Than were asked for.

 private:
  std::map<std::string_view, const ::onnx::AttributeProto*> all_;
  std::set<std::string_view> known_;
};

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_ATTRIBUTES_H_
