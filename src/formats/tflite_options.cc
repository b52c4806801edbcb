// Options of TFLite operators: the fields of each table, and which operator has which table.
#include "formats/tflite_options.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

namespace slipway {

namespace {

using tflite::BuiltinOperator;

// One list of fields per table: `v(name, field)` for each.
template <typename V>
void fields(tflite::Conv2DOptionsT& o, V& v) {
  v("padding", o.padding);
  v("stride_w", o.stride_w);
  v("stride_h", o.stride_h);
  v("fused_activation_function", o.fused_activation_function);
  v("dilation_w_factor", o.dilation_w_factor);
  v("dilation_h_factor", o.dilation_h_factor);
}
template <typename V>
void fields(tflite::DepthwiseConv2DOptionsT& o, V& v) {
  v("padding", o.padding);
  v("stride_w", o.stride_w);
  v("stride_h", o.stride_h);
  v("depth_multiplier", o.depth_multiplier);
  v("fused_activation_function", o.fused_activation_function);
  v("dilation_w_factor", o.dilation_w_factor);
  v("dilation_h_factor", o.dilation_h_factor);
}
template <typename V>
void fields(tflite::Pool2DOptionsT& o, V& v) {
  v("padding", o.padding);
  v("stride_w", o.stride_w);
  v("stride_h", o.stride_h);
  v("filter_width", o.filter_width);
  v("filter_height", o.filter_height);
  v("fused_activation_function", o.fused_activation_function);
}
template <typename V>
void fields(tflite::FullyConnectedOptionsT& o, V& v) {
  v("fused_activation_function", o.fused_activation_function);
  v("weights_format", o.weights_format);
  v("keep_num_dims", o.keep_num_dims);
  v("asymmetric_quantize_inputs", o.asymmetric_quantize_inputs);
}
template <typename V>
void fields(tflite::SVDFOptionsT& o, V& v) {
  v("rank", o.rank);
  v("fused_activation_function", o.fused_activation_function);
  v("asymmetric_quantize_inputs", o.asymmetric_quantize_inputs);
}
template <typename V>
void fields(tflite::RNNOptionsT& o, V& v) {
  v("fused_activation_function", o.fused_activation_function);
  v("asymmetric_quantize_inputs", o.asymmetric_quantize_inputs);
}
template <typename V>
void fields(tflite::SequenceRNNOptionsT& o, V& v) {
  v("time_major", o.time_major);
  v("fused_activation_function", o.fused_activation_function);
  v("asymmetric_quantize_inputs", o.asymmetric_quantize_inputs);
}
template <typename V>
void fields(tflite::LSTMOptionsT& o, V& v) {
  v("fused_activation_function", o.fused_activation_function);
  v("cell_clip", o.cell_clip);
  v("proj_clip", o.proj_clip);
  v("kernel_type", o.kernel_type);
  v("asymmetric_quantize_inputs", o.asymmetric_quantize_inputs);
}
template <typename V>
void fields(tflite::UnidirectionalSequenceLSTMOptionsT& o, V& v) {
  v("fused_activation_function", o.fused_activation_function);
  v("cell_clip", o.cell_clip);
  v("proj_clip", o.proj_clip);
  v("time_major", o.time_major);
  v("asymmetric_quantize_inputs", o.asymmetric_quantize_inputs);
  v("diagonal_recurrent_tensors", o.diagonal_recurrent_tensors);
}
template <typename V>
void fields(tflite::SoftmaxOptionsT& o, V& v) {
  v("beta", o.beta);
}
template <typename V>
void fields(tflite::ConcatenationOptionsT& o, V& v) {
  v("axis", o.axis);
  v("fused_activation_function", o.fused_activation_function);
}
template <typename V>
void fields(tflite::AddOptionsT& o, V& v) {
  v("fused_activation_function", o.fused_activation_function);
}
template <typename V>
void fields(tflite::SubOptionsT& o, V& v) {
  v("fused_activation_function", o.fused_activation_function);
}
template <typename V>
void fields(tflite::MulOptionsT& o, V& v) {
  v("fused_activation_function", o.fused_activation_function);
}
template <typename V>
void fields(tflite::DivOptionsT& o, V& v) {
  v("fused_activation_function", o.fused_activation_function);
}
template <typename V>
void fields(tflite::ReshapeOptionsT& o, V& v) {
  v("new_shape", o.new_shape);
}
template <typename V>
void fields(tflite::GatherOptionsT& o, V& v) {
  v("axis", o.axis);
  v("batch_dims", o.batch_dims);
}
template <typename V>
void fields(tflite::ReducerOptionsT& o, V& v) {
  v("keep_dims", o.keep_dims);
}
template <typename V>
void fields(tflite::SqueezeOptionsT& o, V& v) {
  v("squeeze_dims", o.squeeze_dims);
}
template <typename V>
void fields(tflite::StridedSliceOptionsT& o, V& v) {
  v("begin_mask", o.begin_mask);
  v("end_mask", o.end_mask);
  v("ellipsis_mask", o.ellipsis_mask);
  v("new_axis_mask", o.new_axis_mask);
  v("shrink_axis_mask", o.shrink_axis_mask);
  v("offset", o.offset);
}
template <typename V>
void fields(tflite::SplitOptionsT& o, V& v) {
  v("num_splits", o.num_splits);
}
template <typename V>
void fields(tflite::SplitVOptionsT& o, V& v) {
  v("num_splits", o.num_splits);
}
template <typename V>
void fields(tflite::CastOptionsT& o, V& v) {
  v("in_data_type", o.in_data_type);
  v("out_data_type", o.out_data_type);
}
template <typename V>
void fields(tflite::ArgMaxOptionsT& o, V& v) {
  v("output_type", o.output_type);
}
template <typename V>
void fields(tflite::ArgMinOptionsT& o, V& v) {
  v("output_type", o.output_type);
}
template <typename V>
void fields(tflite::ShapeOptionsT& o, V& v) {
  v("out_type", o.out_type);
}
template <typename V>
void fields(tflite::PackOptionsT& o, V& v) {
  v("values_count", o.values_count);
  v("axis", o.axis);
}
template <typename V>
void fields(tflite::UnpackOptionsT& o, V& v) {
  v("num", o.num);
  v("axis", o.axis);
}
template <typename V>
void fields(tflite::LeakyReluOptionsT& o, V& v) {
  v("alpha", o.alpha);
}
template <typename V>
void fields(tflite::MirrorPadOptionsT& o, V& v) {
  v("mode", o.mode);
}
template <typename V>
void fields(tflite::DepthToSpaceOptionsT& o, V& v) {
  v("block_size", o.block_size);
}
template <typename V>
void fields(tflite::SpaceToDepthOptionsT& o, V& v) {
  v("block_size", o.block_size);
}
template <typename V>
void fields(tflite::BatchMatMulOptionsT& o, V& v) {
  v("adj_x", o.adj_x);
  v("adj_y", o.adj_y);
  v("asymmetric_quantize_inputs", o.asymmetric_quantize_inputs);
}
template <typename V>
void fields(tflite::GeluOptionsT& o, V& v) {
  v("approximate", o.approximate);
}
template <typename V>
void fields(tflite::ResizeBilinearOptionsT& o, V& v) {
  v("align_corners", o.align_corners);
  v("half_pixel_centers", o.half_pixel_centers);
}
template <typename V>
void fields(tflite::ResizeNearestNeighborOptionsT& o, V& v) {
  v("align_corners", o.align_corners);
  v("half_pixel_centers", o.half_pixel_centers);
}

// The names of an enum's values, from its lowest, which is 0 in every enum used in options.
std::span<const char* const> names_of(tflite::Padding) { return {tflite::EnumNamesPadding(), 2}; }
std::span<const char* const> names_of(tflite::Activation) { return {tflite::EnumNamesActivation(), 6}; }
std::span<const char* const> names_of(tflite::LSTMKernelType) { return {tflite::EnumNamesLSTMKernelType(), 2}; }
std::span<const char* const> names_of(tflite::MirrorPadMode) { return {tflite::EnumNamesMirrorPadMode(), 2}; }
std::span<const char* const> names_of(tflite::TensorType) { return {tflite::EnumNamesTensorType(), 19}; }

// Fills fields from attributes and counts how many it found.
struct FromAttributes {
  const Node& node;
  size_t found = 0;
  Status status = {};

  template <typename T>
  void operator()(const char* name, T& field) {
    const Attribute* attribute = node.attributes.find(name);
    if (attribute == nullptr) return;
    ++found;
    if (!assign(*attribute, field) && status.ok()) {
      status = invalid(fmt::format("{}: option \"{}\" has an unfit value", describe(node), name));
    }
  }

  template <typename T>
  static bool assign(const Attribute& attribute, T& field) {
    if constexpr (std::is_enum_v<T>) {
      const auto* text = std::get_if<std::string>(&attribute);
      if (text == nullptr) return false;
      auto names = names_of(field);
      auto it = std::find_if(names.begin(), names.end(), [&](const char* name) { return *text == name; });
      if (it == names.end()) return false;
      field = static_cast<T>(it - names.begin());
    } else if constexpr (std::is_same_v<T, float>) {
      const auto* real = std::get_if<float>(&attribute);
      if (real == nullptr) return false;
      field = *real;
    } else if constexpr (std::is_integral_v<T>) {
      const auto* integer = std::get_if<int64_t>(&attribute);
      if (integer == nullptr || !std::in_range<int32_t>(*integer)) return false;
      field = static_cast<T>(*integer);
    } else {
      const auto* ints = std::get_if<std::vector<int64_t>>(&attribute);
      if (ints == nullptr) return false;
      field.assign(ints->begin(), ints->end());
    }
    return true;
  }
};

// Makes attributes of fields.
struct ToAttributes {
  Attributes attributes = {};
  Status status = {};

  template <typename T>
  void operator()(const char* name, T& field) {
    if constexpr (std::is_enum_v<T>) {
      auto names = names_of(field);
      auto index = static_cast<size_t>(static_cast<int64_t>(field));
      if (index < names.size()) {
        attributes.set(name, std::string(names[index]));
      } else if (status.ok()) {
        status = data_loss(fmt::format("option \"{}\" has the value {}; expected below {}", name,
                                       static_cast<int64_t>(field), names.size()));
      }
    } else if constexpr (std::is_same_v<T, float>) {
      attributes.set(name, field);
    } else if constexpr (std::is_integral_v<T>) {
      attributes.set(name, static_cast<int64_t>(field));
    } else {
      attributes.set(name, std::vector<int64_t>(field.begin(), field.end()));
    }
  }
};

template <typename T>
Result<tflite::BuiltinOptionsUnion> encode(const Node& node) {
  T options;
  FromAttributes visitor{node};
  fields(options, visitor);
  RETURN_IF_ERROR(visitor.status);
  if (visitor.found != node.attributes.items().size()) {
    return invalid(fmt::format("{}: an attribute is no option of this operator", describe(node)));
  }
  tflite::BuiltinOptionsUnion out;
  out.Set(std::move(options));
  return out;
}

template <typename T>
Result<Attributes> decode(const tflite::Operator& op) {
  T options;
  if (const auto* table = op.builtin_options_as<typename T::TableType>()) table->UnPackTo(&options);
  ToAttributes visitor;
  fields(options, visitor);
  RETURN_IF_ERROR(visitor.status);
  return std::move(visitor.attributes);
}

struct OptionsOf {
  BuiltinOperator code;
  Result<tflite::BuiltinOptionsUnion> (*encode)(const Node&);
  Result<Attributes> (*decode)(const tflite::Operator&);
};

template <typename T>
constexpr OptionsOf has(BuiltinOperator code) {
  return {code, encode<T>, decode<T>};
}

constexpr OptionsOf kOptions[] = {
    has<tflite::Conv2DOptionsT>(BuiltinOperator::CONV_2D),
    has<tflite::DepthwiseConv2DOptionsT>(BuiltinOperator::DEPTHWISE_CONV_2D),
    has<tflite::Pool2DOptionsT>(BuiltinOperator::AVERAGE_POOL_2D),
    has<tflite::Pool2DOptionsT>(BuiltinOperator::MAX_POOL_2D),
    has<tflite::FullyConnectedOptionsT>(BuiltinOperator::FULLY_CONNECTED),
    has<tflite::SVDFOptionsT>(BuiltinOperator::SVDF),
    has<tflite::RNNOptionsT>(BuiltinOperator::RNN),
    has<tflite::SequenceRNNOptionsT>(BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_RNN),
    has<tflite::LSTMOptionsT>(BuiltinOperator::LSTM),
    has<tflite::UnidirectionalSequenceLSTMOptionsT>(BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_LSTM),
    has<tflite::SoftmaxOptionsT>(BuiltinOperator::SOFTMAX),
    has<tflite::ConcatenationOptionsT>(BuiltinOperator::CONCATENATION),
    has<tflite::AddOptionsT>(BuiltinOperator::ADD),
    has<tflite::SubOptionsT>(BuiltinOperator::SUB),
    has<tflite::MulOptionsT>(BuiltinOperator::MUL),
    has<tflite::DivOptionsT>(BuiltinOperator::DIV),
    has<tflite::ReshapeOptionsT>(BuiltinOperator::RESHAPE),
    has<tflite::GatherOptionsT>(BuiltinOperator::GATHER),
    has<tflite::ReducerOptionsT>(BuiltinOperator::MEAN),
    has<tflite::ReducerOptionsT>(BuiltinOperator::SUM),
    has<tflite::ReducerOptionsT>(BuiltinOperator::REDUCE_MAX),
    has<tflite::ReducerOptionsT>(BuiltinOperator::REDUCE_MIN),
    has<tflite::ReducerOptionsT>(BuiltinOperator::REDUCE_PROD),
    has<tflite::SqueezeOptionsT>(BuiltinOperator::SQUEEZE),
    has<tflite::StridedSliceOptionsT>(BuiltinOperator::STRIDED_SLICE),
    has<tflite::SplitOptionsT>(BuiltinOperator::SPLIT),
    has<tflite::SplitVOptionsT>(BuiltinOperator::SPLIT_V),
    has<tflite::CastOptionsT>(BuiltinOperator::CAST),
    has<tflite::ArgMaxOptionsT>(BuiltinOperator::ARG_MAX),
    has<tflite::ArgMinOptionsT>(BuiltinOperator::ARG_MIN),
    has<tflite::ShapeOptionsT>(BuiltinOperator::SHAPE),
    has<tflite::PackOptionsT>(BuiltinOperator::PACK),
    has<tflite::UnpackOptionsT>(BuiltinOperator::UNPACK),
    has<tflite::LeakyReluOptionsT>(BuiltinOperator::LEAKY_RELU),
    has<tflite::MirrorPadOptionsT>(BuiltinOperator::MIRROR_PAD),
    has<tflite::DepthToSpaceOptionsT>(BuiltinOperator::DEPTH_TO_SPACE),
    has<tflite::SpaceToDepthOptionsT>(BuiltinOperator::SPACE_TO_DEPTH),
    has<tflite::BatchMatMulOptionsT>(BuiltinOperator::BATCH_MATMUL),
    has<tflite::GeluOptionsT>(BuiltinOperator::GELU),
    has<tflite::ResizeBilinearOptionsT>(BuiltinOperator::RESIZE_BILINEAR),
    has<tflite::ResizeNearestNeighborOptionsT>(BuiltinOperator::RESIZE_NEAREST_NEIGHBOR),
};

const OptionsOf* options_of(BuiltinOperator code) {
  auto it = std::find_if(std::begin(kOptions), std::end(kOptions), [&](const OptionsOf& o) { return o.code == code; });
  return it == std::end(kOptions) ? nullptr : it;
}

constexpr std::pair<DType, tflite::TensorType> kTypes[] = {
    {DType::f32, tflite::TensorType::FLOAT32},  {DType::f16, tflite::TensorType::FLOAT16},
    {DType::i32, tflite::TensorType::INT32},    {DType::u8, tflite::TensorType::UINT8},
    {DType::i64, tflite::TensorType::INT64},    {DType::boolean, tflite::TensorType::BOOL},
    {DType::i16, tflite::TensorType::INT16},    {DType::i8, tflite::TensorType::INT8},
    {DType::f64, tflite::TensorType::FLOAT64},  {DType::u64, tflite::TensorType::UINT64},
    {DType::u32, tflite::TensorType::UINT32},   {DType::u16, tflite::TensorType::UINT16},
    {DType::bf16, tflite::TensorType::BFLOAT16}};

}  // namespace

Result<BuiltinOperator> builtin_operator(std::string_view name) {
  for (BuiltinOperator code : tflite::EnumValuesBuiltinOperator()) {
    if (name == tflite::EnumNameBuiltinOperator(code)) return code;
  }
  return not_found(fmt::format("TFLite has no operator named {}", name));
}

Result<tflite::BuiltinOptionsUnion> encode_options(const Node& node) {
  const OptionsOf* options = options_of(TRY(builtin_operator(node.op_type)));
  if (options != nullptr) return options->encode(node);
  if (node.attributes.items().empty()) return tflite::BuiltinOptionsUnion();
  return invalid(fmt::format("{}: this operator has no options, found attribute \"{}\"", describe(node),
                             node.attributes.items()[0].first));
}

Result<Attributes> decode_options(BuiltinOperator code, const tflite::Operator& op) {
  const OptionsOf* options = options_of(code);
  return options != nullptr ? options->decode(op) : Attributes();
}

Result<tflite::TensorType> tflite_type(DType dtype) {
  for (auto [ours, theirs] : kTypes) {
    if (ours == dtype) return theirs;
  }
  return unsupported(fmt::format("TFLite has no element type for {}", dtype_name(dtype)));
}

Result<DType> dtype_of_tensor_type(tflite::TensorType type) {
  for (auto [ours, theirs] : kTypes) {
    if (theirs == type) return ours;
  }
  const char* name = tflite::EnumNameTensorType(type);
  return unsupported(fmt::format("element type {} ({}) is not known here", static_cast<int>(type), name));
}

}  // namespace slipway
