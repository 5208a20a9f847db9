// A model with one Dropout node, as bytes of ONNX.
import protobuf from 'protobufjs';

// The messages and fields of onnx.proto that such a model has.
const schema = protobuf.parse(`
  syntax = "proto2";
  package onnx;
  message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
  message NodeProto { repeated string input = 1; repeated string output = 2; optional string op_type = 4; }
  message TensorShapeProto {
    message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
    repeated Dimension dim = 1;
  }
  message TypeProto {
    message Tensor { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
    optional Tensor tensor_type = 1;
  }
  message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; }
  message GraphProto {
    repeated NodeProto node = 1; optional string name = 2;
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
  }
  message ModelProto {
    optional int64 ir_version = 1; optional GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8;
  }
`).root.lookupType('onnx.ModelProto');

// TensorProto.DataType
const FLOAT = 1;
const BOOL = 9;

const value = (name, elemType, dims) => ({name, type: {tensorType: {elemType, shape: {dim: dims}}}});

// Inputs x, ratio and training_mode; outputs y and mask. Ratio and mode are inputs, not constants: a session that knew
// them beforehand could remove the node.
export function dropoutModel() {
  const any = [{dimParam: 'n'}];
  const graph = {
    name: 'dropout',
    node: [{opType: 'Dropout', input: ['x', 'ratio', 'training_mode'], output: ['y', 'mask']}],
    input: [value('x', FLOAT, any), value('ratio', FLOAT, []), value('training_mode', BOOL, [])],
    output: [value('y', FLOAT, any), value('mask', BOOL, any)],
  };
  const model = {irVersion: 7, opsetImport: [{domain: '', version: 13}], graph};
  const problem = schema.verify(model);
  if (problem) throw new Error(problem);
  return schema.encode(schema.create(model)).finish();
}
