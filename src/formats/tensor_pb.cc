// TensorProto to Tensor and back.
#include "formats/tensor_pb.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "base/file.h"
#include "tensor/raw.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

// TensorProto.DataType by number, including those that came after libonnx 1.12.
constexpr const char* kTypeNames[] = {
    "UNDEFINED", "FLOAT",      "UINT8",      "INT8",         "UINT16",         "INT16",      "INT32",
    "INT64",     "STRING",     "BOOL",       "FLOAT16",      "DOUBLE",         "UINT32",     "UINT64",
    "COMPLEX64", "COMPLEX128", "BFLOAT16",   "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ",
    "UINT4",     "INT4",       "FLOAT4E2M1", "FLOAT8E8M0",   "UINT2",          "INT2"};

constexpr int kUint4 = 21, kInt4 = 22, kUint2 = 25, kInt2 = 26;

std::string quoted(const onnx::TensorProto& proto) { return fmt::format("tensor \"{}\"", proto.name()); }

Status count_mismatch(const onnx::TensorProto& proto, const char* field, int64_t expected, int64_t found) {
  return data_loss(fmt::format("{}: its shape holds {} elements, but {} has {}; the file is damaged", quoted(proto),
                               expected, field, found));
}

template <typename To, typename Field>
Result<Tensor> from_field(const onnx::TensorProto& proto, const char* name, const Field& field, DType dtype,
                          Shape shape) {
  int64_t count = element_count(shape);
  if (field.size() != count) return count_mismatch(proto, name, count, field.size());
  Tensor tensor(dtype, std::move(shape));
  To* to = static_cast<To*>(tensor.mutable_raw());
  for (int64_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<To, Half> || std::is_same_v<To, BFloat16>) {
      to[i] = {static_cast<uint16_t>(field[static_cast<int>(i)])};
    } else {
      to[i] = static_cast<To>(field[static_cast<int>(i)]);
    }
  }
  return tensor;
}

// Elements lie in bytes, the first in the lowest bits, and do not share a byte with what follows the tensor.
size_t packed_size(int64_t count, int bits) {
  const int64_t each = 8 / bits;
  return static_cast<size_t>(count / each + (count % each != 0 ? 1 : 0));
}

// Requires: packed_bits(proto.data_type()) > 0 and `dtype` is what its elements are read as.
Result<Tensor> from_packed(const onnx::TensorProto& proto, std::string_view bytes, DType dtype, Shape shape) {
  const int bits = packed_bits(proto.data_type());
  const int64_t count = element_count(shape), each = 8 / bits;
  if (bytes.size() != packed_size(count, bits)) {
    return data_loss(fmt::format("{}: {}{} takes {} bytes, found {}; the file is damaged or was cut off", quoted(proto),
                                 onnx_dtype_name(proto.data_type()), to_string(std::span<const int64_t>(shape)),
                                 packed_size(count, bits), bytes.size()));
  }
  Tensor tensor(dtype, std::move(shape));
  auto* to = static_cast<uint8_t*>(tensor.mutable_raw());
  const int sign = dtype == DType::i8 ? 1 << (bits - 1) : 0;
  for (int64_t i = 0; i < count; ++i) {
    const int byte = static_cast<uint8_t>(bytes[static_cast<size_t>(i / each)]);
    const int value = byte >> (i % each * bits) & ((1 << bits) - 1);
    to[i] = static_cast<uint8_t>((value ^ sign) - sign);
  }
  return tensor;
}

// onnx.proto says which field carries which type.
Result<Tensor> from_fields(const onnx::TensorProto& p, DType dtype, Shape shape) {
  if (packed_bits(p.data_type()) > 0) {
    std::string bytes;
    for (int32_t byte : p.int32_data()) bytes.push_back(static_cast<char>(byte));
    return from_packed(p, bytes, dtype, std::move(shape));
  }
  switch (dtype) {
    case DType::f32: return from_field<float>(p, "float_data", p.float_data(), dtype, std::move(shape));
    case DType::f64: return from_field<double>(p, "double_data", p.double_data(), dtype, std::move(shape));
    case DType::i64: return from_field<int64_t>(p, "int64_data", p.int64_data(), dtype, std::move(shape));
    case DType::u32: return from_field<uint32_t>(p, "uint64_data", p.uint64_data(), dtype, std::move(shape));
    case DType::u64: return from_field<uint64_t>(p, "uint64_data", p.uint64_data(), dtype, std::move(shape));
    case DType::string: return from_field<std::string>(p, "string_data", p.string_data(), dtype, std::move(shape));
    default: break;
  }
  return visit_dtype(dtype, [&]<typename T>(TypeTag<T>) -> Result<Tensor> {
    return from_field<T>(p, "int32_data", p.int32_data(), dtype, std::move(shape));
  });
}

Result<Tensor> from_bytes(const onnx::TensorProto& proto, std::string_view bytes, DType dtype, Shape shape) {
  if (dtype == DType::string) {
    return data_loss(fmt::format("{}: strings cannot be stored as raw bytes; expected string_data", quoted(proto)));
  }
  if (packed_bits(proto.data_type()) > 0) return from_packed(proto, bytes, dtype, std::move(shape));
  int64_t count = element_count(shape);
  size_t expected = static_cast<size_t>(count) * size_of(dtype);
  if (bytes.size() != expected) {
    return data_loss(fmt::format("{}: {}{} takes {} bytes, found {}; the file is damaged or was cut off", quoted(proto),
                                 dtype_name(dtype), to_string(std::span<const int64_t>(shape)), expected,
                                 bytes.size()));
  }
  return tensor_from_raw(dtype, std::move(shape), bytes);
}

struct ExternalData {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

Result<ExternalData> external_data_of(const onnx::TensorProto& proto) {
  ExternalData data;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") data.location = entry.value();
    if (entry.key() != "offset" && entry.key() != "length") continue;
    uint64_t number = 0;
    const char* end = entry.value().data() + entry.value().size();
    auto [stop, error] = std::from_chars(entry.value().data(), end, number);
    if (error != std::errc() || stop != end) {
      return invalid(
          fmt::format("{}: external data {} \"{}\" is no number", quoted(proto), entry.key(), entry.value()));
    }
    if (entry.key() == "offset") data.offset = number;
    if (entry.key() == "length") data.length = number;
  }
  return data;
}

// The file of external data, which must lie below `folder` after links are followed: a model that someone sends must
// not read another file of this machine.
Result<std::filesystem::path> external_path(const onnx::TensorProto& proto, const std::string& location,
                                            const std::filesystem::path& folder) {
  if (folder.empty()) {
    return failed_precondition(
        fmt::format("{}: its data is in file \"{}\", and this model was not read from a folder; read the model from "
                    "its file, or save it with its weights inside",
                    quoted(proto), location));
  }
  std::filesystem::path relative(location);
  bool climbs = false;
  for (const auto& part : relative) climbs |= part == "..";
  if (location.empty() || location.find('\0') != std::string::npos || relative.is_absolute() || climbs) {
    return invalid(fmt::format("{}: external data location \"{}\" must be a path below the model's folder",
                               quoted(proto), location));
  }
  std::error_code error;
  std::filesystem::path root = std::filesystem::canonical(folder, error);
  std::filesystem::path file = error ? root : std::filesystem::canonical(folder / relative, error);
  if (error) {
    return not_found(fmt::format("{}: its external data file {} cannot be opened ({}); put it beside the model",
                                 quoted(proto), (folder / relative).string(), error.message()));
  }
  auto [in_root, in_file] = std::mismatch(root.begin(), root.end(), file.begin(), file.end());
  if (in_root != root.end()) {
    return invalid(
        fmt::format("{}: external data location \"{}\" leads out of the model's folder", quoted(proto), location));
  }
  return file;
}

Result<Tensor> from_external(const onnx::TensorProto& proto, const std::filesystem::path& folder, DType dtype,
                             Shape shape) {
  ExternalData data = TRY(external_data_of(proto));
  std::filesystem::path path = TRY(external_path(proto, data.location, folder));
  if (!std::filesystem::is_regular_file(path)) {
    return invalid(fmt::format("{}: external data {} is not a regular file", quoted(proto), path.string()));
  }
  auto file = TRY(MappedFile::open(path));
  uint64_t size = file->bytes().size();
  const int bits = packed_bits(proto.data_type());
  uint64_t expected =
      bits > 0 ? packed_size(element_count(shape), bits) : static_cast<uint64_t>(element_count(shape)) * size_of(dtype);
  uint64_t length = data.length.value_or(expected);
  if (data.offset > size || length > size - data.offset) {
    return data_loss(fmt::format("{}: bytes {} to {} of {} are needed, but the file has {}; it was cut off",
                                 quoted(proto), data.offset, data.offset + length, path.string(), size));
  }
  const char* begin = reinterpret_cast<const char*>(file->bytes().data());
  return from_bytes(proto, {begin + data.offset, length}, dtype, std::move(shape));
}

}  // namespace

int packed_bits(int data_type) {
  if (data_type == kUint4 || data_type == kInt4) return 4;
  return data_type == kUint2 || data_type == kInt2 ? 2 : 0;
}

std::string onnx_dtype_name(int data_type) {
  if (data_type < 0 || data_type >= static_cast<int>(std::size(kTypeNames))) return fmt::format("{}", data_type);
  return kTypeNames[data_type];
}

Result<DType> dtype_from_onnx(int data_type) {
  auto dtype = static_cast<DType>(data_type);
  bool known = data_type > 0 && data_type < 256 && is_tensor(dtype) && dtype_name(dtype) != "undefined";
  if (known) return dtype;
  if (packed_bits(data_type) > 0) return data_type == kInt4 || data_type == kInt2 ? DType::i8 : DType::u8;
  if (data_type == 0) return invalid("element type UNDEFINED");
  return unsupported(
      fmt::format("element type {} has no arithmetic here; convert the model to float32, float16, "
                  "bfloat16 or int8 first",
                  onnx_dtype_name(data_type)));
}

Result<Tensor> tensor_from_proto(const onnx::TensorProto& proto, const std::filesystem::path& folder) {
  Result<DType> dtype = dtype_from_onnx(proto.data_type());
  if (!dtype.ok()) return dtype.status().at(quoted(proto));
  if (proto.has_segment()) return unsupported(fmt::format("{}: tensors in segments are not read", quoted(proto)));
  Shape shape(proto.dims().begin(), proto.dims().end());
  Result<int64_t> count = checked_count(shape);
  if (!count.ok()) return count.status().at(quoted(proto));
  if (proto.data_location() == onnx::TensorProto::EXTERNAL) return from_external(proto, folder, *dtype, shape);
  if (proto.has_raw_data()) return from_bytes(proto, proto.raw_data(), *dtype, shape);
  return from_fields(proto, *dtype, shape);
}

void type_to_proto(const Tensor& tensor, std::string_view name, onnx::TensorProto& proto) {
  if (!name.empty()) proto.set_name(std::string(name));
  proto.set_data_type(static_cast<int>(tensor.dtype()));
  for (int64_t size : tensor.shape()) proto.add_dims(size);
}

void tensor_to_proto(const Tensor& tensor, std::string_view name, onnx::TensorProto& proto) {
  type_to_proto(tensor, name, proto);
  if (tensor.dtype() == DType::string) {
    for (const std::string& text : tensor.data<std::string>()) proto.add_string_data(text);
  } else {
    proto.set_raw_data(tensor.raw(), tensor.bytes());
  }
}

Result<Tensor> read_tensor_pb(std::string_view bytes) {
  onnx::TensorProto proto;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return data_loss("not an ONNX TensorProto, or a damaged one");
  }
  return tensor_from_proto(proto, {});
}

std::string write_tensor_pb(const Tensor& tensor, std::string_view name) {
  onnx::TensorProto proto;
  tensor_to_proto(tensor, name, proto);
  return proto.SerializeAsString();
}

}  // namespace slipway
