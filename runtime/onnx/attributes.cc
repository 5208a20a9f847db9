#include "runtime/onnx/attributes.h"

#include <cmath>

#include "fallow/nn/error.h"
#include "runtime/numbers.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::AttributeProto;

std::string TypeName(AttributeProto::AttributeType type) { return ::onnx::AttributeProto_AttributeType_Name(type); }

}  // namespace

Attributes::Attributes(const ::onnx::NodeProto& node) {
  for (const AttributeProto& attribute : node.attribute()) {
    if (all_.emplace(attribute.name(), &attribute).second) continue;
    throw Error("attribute " + Quoted(attribute.name()) + " is there twice");
  }
}

const AttributeProto* Attributes::Find(std::string_view name, AttributeProto::AttributeType type) {
  const auto found = all_.find(name);
  if (found == all_.end()) return nullptr;
  known_.insert(found->first);
  if (found->second->type() != type) {
    throw Error("attribute " + std::string(name) + " is " + TypeName(found->second->type()) + ", expected " +
                TypeName(type));
  }
  return found->second;
}

float Attributes::Float(std::string_view name, float otherwise) {
  const AttributeProto* attribute = Find(name, AttributeProto::FLOAT);
  return attribute == nullptr ? otherwise : attribute->f();
}

std::int64_t Attributes::Integer(std::string_view name, std::int64_t otherwise) {
  const AttributeProto* attribute = Find(name, AttributeProto::INT);
  return attribute == nullptr ? otherwise : attribute->i();
}

std::vector<std::int64_t> Attributes::Integers(std::string_view name, std::vector<std::int64_t> otherwise) {
  const AttributeProto* attribute = Find(name, AttributeProto::INTS);
  if (attribute == nullptr) return otherwise;
  return {attribute->ints().begin(), attribute->ints().end()};
}

std::string Attributes::String(std::string_view name, std::string_view otherwise) {
  const AttributeProto* attribute = Find(name, AttributeProto::STRING);
  return attribute == nullptr ? std::string(otherwise) : attribute->s();
}

void Attributes::ExpectFloat(std::string_view name, float otherwise, float expected) {
  const float value = Float(name, otherwise);
  if (std::abs(value - expected) <= 1e-6f * std::abs(expected)) return;
  throw Error("attribute " + std::string(name) + " is " + FormatNumber(value) + ", expected " + FormatNumber(expected));
}

void Attributes::ExpectInteger(std::string_view name, std::int64_t otherwise, std::int64_t expected) {
  const std::int64_t value = Integer(name, otherwise);
  if (value == expected) return;
  throw Error("attribute " + std::string(name) + " is " + std::to_string(value) + ", expected " +
              std::to_string(expected));
}

void Attributes::ExpectNoMore() const {
  for (const auto& [name, attribute] : all_) {
    if (!known_.contains(name)) throw Error("attribute " + Quoted(name) + " is not known");
  }
}

}  // namespace fallow::nn::onnx_io
