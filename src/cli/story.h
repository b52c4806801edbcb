// The life of one model, told step by step: what `slipway quickstart` does.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace slipway {

struct StoryOptions {
  std::filesystem::path data;  // empty: searched for
  std::filesystem::path out;   // folder for the store and the converted files
  bool allow_download = true;
};

// One version as the story's table shows it.
struct StoryVersion {
  std::string name;  // "fp32", "pruned 50 %", "pruned 50 %, int8"
  int64_t version = 0;
  double accuracy = 0;
  int64_t bytes = 0;
  double latency_us = 0;
};

struct Story {
  std::string source;  // of the data
  std::vector<StoryVersion> versions;
  double training_seconds = 0;
  double onnx_difference = 0;    // largest, of the re-read ONNX file's answers
  double tflite_difference = 0;  // likewise of the TFLite file's
  int64_t requests = 0;
  int64_t failures = 0;
  int64_t sick_version = 0;
  int64_t sick_answers = 0;      // until production was another version again
  double rollback_seconds = -1;  // from the 500th answer of the sick version (0 when it was earlier); -1: not seen
  std::string sick_cause;        // the healer's words
  bool repair_closed = false;
  std::string drift_cause;
  bool drift_rolled_back = false;  // must stay false
  bool drift_recovered = false;
};
Json to_json(const Story& story);

// `say` is told each step as it begins. The store in options.out is made anew.
Result<Story> tell_story(const StoryOptions& options, const std::function<void(const std::string&)>& say);

}  // namespace slipway
