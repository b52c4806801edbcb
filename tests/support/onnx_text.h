// ONNX models from ONNX's own text form, for tests.
#pragma once

#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <onnx/checker.h>
#include <onnx/defs/parser.h>
#include <onnx/defs/printer.h>
#include <onnx/onnx_pb.h>

#include "formats/onnx.h"

namespace slipway::testing {

// The bytes of `graph`, such as "g (float[2] x) => (float[2] y) { y = Relu(x) }", under `opset`. `functions` may
// follow it in the text.
inline std::string onnx_bytes(int opset, const std::string& graph) {
  std::string text = fmt::format("<ir_version: 8, opset_import: [\"\" : {}, \"local\" : 1]>\n{}", opset, graph);
  onnx::ModelProto model;
  onnx::OnnxParser parser(text.c_str());
  auto status = parser.Parse(model);
  EXPECT_TRUE(status.IsOK()) << status.ErrorMessage() << "\n" << text;
  return model.SerializeAsString();
}

inline onnx::ModelProto parsed(const std::string& bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

// The nodes of a written model, one a line in ONNX's text form.
inline std::string node_lines(const onnx::GraphProto& graph) {
  std::ostringstream out;
  for (onnx::NodeProto node : graph.node()) {
    node.clear_name();
    out << node << "\n";
  }
  return out.str();
}

// What onnx::checker says, "" when it is content. The checker of libonnx 1.12 ends at IR version 8.
inline std::string checker_complaint(const std::string& bytes) {
  onnx::ModelProto model = parsed(bytes);
  if (model.ir_version() > 8) model.set_ir_version(8);
  try {
    onnx::checker::check_model(model);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace slipway::testing
