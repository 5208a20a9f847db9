# Finds the messages of ONNX files, as C++ classes of protobuf: the target OnnxProto::OnnxProto.
#
# libonnx-dev has a package for CMake, but the paths in Debian's copy lead nowhere.
find_package(Protobuf)
find_path(ONNX_PROTO_INCLUDE_DIR onnx/onnx_pb.h DOC "Directory of onnx/onnx_pb.h")
find_library(ONNX_PROTO_LIBRARY onnx_proto DOC "Library of ONNX's messages")

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OnnxProto
  REQUIRED_VARS ONNX_PROTO_LIBRARY ONNX_PROTO_INCLUDE_DIR Protobuf_FOUND
  REASON_FAILURE_MESSAGE "On Debian: apt-get install libonnx-dev libprotobuf-dev")
if(OnnxProto_FOUND AND NOT TARGET OnnxProto::OnnxProto)
  add_library(OnnxProto::OnnxProto UNKNOWN IMPORTED)
  set_target_properties(OnnxProto::OnnxProto PROPERTIES
    IMPORTED_LOCATION ${ONNX_PROTO_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${ONNX_PROTO_INCLUDE_DIR}
    # What the library was built with: without them its header asks for files that are not there.
    INTERFACE_COMPILE_DEFINITIONS "ONNX_ML=1;ONNX_NAMESPACE=onnx"
    INTERFACE_LINK_LIBRARIES protobuf::libprotobuf)
endif()
mark_as_advanced(ONNX_PROTO_INCLUDE_DIR ONNX_PROTO_LIBRARY)
