// ONNX Runtime beside our runs: the same file, the same inputs, its time and how far its answers are from ours.
#pragma once

#include <cmath>
#include <filesystem>
#include <span>
#include <string>

#include <fmt/ranges.h>

#include "base/file.h"
#include "beside.h"
#include "tensor/tensor.h"

namespace slipway {

// Each tensor's bytes in a file of its number, its shape as "1x512" beside.
inline void write_tensors(const std::filesystem::path& folder, std::span<const Tensor> tensors) {
  must(make_directories(folder));
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::string_view bytes(static_cast<const char*>(tensors[i].raw()), tensors[i].bytes());
    const std::string shape = fmt::format("{}", fmt::join(tensors[i].shape(), "x"));
    for (const auto& [file, content] : {std::pair(std::to_string(i), bytes), {fmt::format("{}.shape", i), shape}}) {
      must(write_file_atomic(folder / file, content));
    }
  }
}

// The largest |a - b| over the largest |a|, of all outputs; infinity where one side alone is no number.
inline double difference(std::span<const Tensor> own, const std::filesystem::path& folder) {
  double worst = 0;
  for (size_t i = 0; i < own.size(); ++i) {
    const std::string bytes = must(read_file(folder / std::to_string(i)));
    if (bytes.size() != own[i].bytes()) return HUGE_VAL;
    const std::vector<double> a = own[i].to_doubles();
    Tensor peer(own[i].dtype(), own[i].shape());
    bytes.copy(static_cast<char*>(peer.mutable_raw()), bytes.size());
    const std::vector<double> b = peer.to_doubles();
    double largest = 1e-30, apart = 0;
    for (size_t k = 0; k < a.size(); ++k) {
      if (std::isnan(a[k]) != std::isnan(b[k])) return HUGE_VAL;
      largest = std::max(largest, std::abs(a[k]));
      apart = std::max(apart, std::abs(a[k] - b[k]));
    }
    worst = std::max(worst, apart / largest);
  }
  return worst;
}

struct OnnxRuntime {
  double us;
  double difference;
};

// Nothing when it cannot run the model. `folder` is for files in between.
inline std::optional<OnnxRuntime> run_onnx_runtime(const std::string& model, const std::filesystem::path& folder,
                                                   std::span<const Tensor> inputs, std::span<const Tensor> outputs,
                                                   int64_t batch, int threads, int runs) {
  write_tensors(folder / "in", inputs);
  write_tensors(folder / "out", {});
  std::optional<double> us = peer_us(fmt::format(
      "node tools/peers/ort_bench.mjs {} --batch {} --threads {} --runs {} --warmup {} --inputs {} --outputs {}", model,
      batch, threads, runs, (runs + 9) / 10, (folder / "in").string(), (folder / "out").string()));
  if (!us) return std::nullopt;
  return OnnxRuntime{*us, difference(outputs, folder / "out")};
}

}  // namespace slipway
