// ONNX backend test data run through a Session: folders of model.onnx with test_data_set_*/{input_I,output_J}.pb.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway {

struct ConformanceOptions {
  double relative = 1e-3;  // |found - expected| <= absolute + relative * |expected|, for floats; all else is exact
  double absolute = 1e-5;
  int threads = 1;
  int timeout_s = 120;  // of one case run apart
};

enum class CaseOutcome { passed, failed, unsupported };

struct CaseResult {
  CaseOutcome outcome = CaseOutcome::passed;
  std::string reason;                  // why not passed
  std::vector<std::string> operators;  // those without a card, when that is why
};

// The folders below `root` (and itself) with a model.onnx and at least one test_data_set_*, sorted.
// not_found when there is none.
Result<std::vector<std::filesystem::path>> find_conformance_cases(const std::filesystem::path& root);

// Runs every data set of the case in this process.
CaseResult run_conformance_case(const std::filesystem::path& folder, const ConformanceOptions& options);

// The same in a process of its own: a crash or a hang fails that case and no other.
// Requires: no other thread runs.
CaseResult run_conformance_case_apart(const std::filesystem::path& folder, const ConformanceOptions& options);

// Error that says how `found` differs from `expected`, or ok. NaN equals NaN.
Status check_against(const Tensor& found, const Tensor& expected, double relative, double absolute);

}  // namespace slipway
