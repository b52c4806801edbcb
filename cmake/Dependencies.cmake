# The libraries Slipway stands on; each is a Debian package (tools/install_dependencies) with a reason in docs/house.md.
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(fmt REQUIRED)
find_package(Protobuf REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CURL REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
# Not its CMake package: that one asks for OpenCL.
find_library(DNNL_LIBRARY dnnl REQUIRED)
find_library(ONNX_LIBRARY onnx REQUIRED)
find_library(ONNX_PROTO_LIBRARY onnx_proto REQUIRED)

add_library(slipway_onnx INTERFACE)
target_link_libraries(slipway_onnx INTERFACE ${ONNX_LIBRARY} ${ONNX_PROTO_LIBRARY} protobuf::libprotobuf)
target_compile_definitions(slipway_onnx INTERFACE ONNX_ML=1 ONNX_NAMESPACE=onnx)

set(SLIPWAY_DEPENDENCIES Threads::Threads OpenMP::OpenMP_CXX fmt::fmt slipway_onnx ${DNNL_LIBRARY} PkgConfig::SIMDJSON
  PkgConfig::HWY PkgConfig::SODIUM SQLite::SQLite3 CURL::libcurl OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB JPEG::JPEG PNG::PNG
  Boost::headers)
