// Window: everything the monitor keeps of the answers of one version in one stretch of time. Mergeable.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "sketch/baseline.h"
#include "sketch/distinct.h"
#include "sketch/feature_counts.h"
#include "sketch/histogram.h"
#include "sketch/moments.h"
#include "sketch/quantiles.h"
#include "sketch/top_counts.h"

namespace slipway {

inline constexpr size_t kCodes = 17;

// What can go wrong with a request or a row.
enum class Failure : uint8_t { fault, invalid_output, rejection, refusal, invalid_input };
inline constexpr size_t kFailures = 5;

struct Share {
  int64_t failing = 0;
  int64_t of = 0;
  double value() const { return of == 0 ? 0 : static_cast<double>(failing) / static_cast<double>(of); }
};

struct Window {
  int64_t start_us = 0;  // of the first answer; 0: empty
  int64_t end_us = 0;    // of the last answer

  // Exact.
  int64_t requests = 0;
  int64_t rows = 0;                        // examples in them
  std::array<int64_t, kCodes> codes = {};  // requests by status code
  int64_t invalid_inputs = 0;              // rows with a NaN or an infinity in the input
  int64_t invalid_outputs = 0;             // rows whose output holds one though the input did not
  TopCounts invalid_features{64};          // rows per position of a NaN or an infinity in the input
  TopCounts repeated_classes;              // answers per class, of rows that are repeats

  // Of rows that are no repeats (see Recorder), so that each says something of its own.
  int64_t independent_rows = 0;  // of them, those with numbers: whether texts are repeats is not known
  TopCounts classes;             // answers per class
  Moments confidence;
  Histogram confidence_histogram = confidence_bins();
  Moments value;     // of a single output
  Moments row_mean;  // of the input, per row
  Moments row_deviation;
  std::vector<Moments> class_row_mean;  // row mean per answered class, for the first kClassLimit classes

  // Within one percent.
  Quantiles total;    // seconds an answered request took
  Quantiles queue;    // of that, waiting in the batcher
  Quantiles compute;  // of that, in the engine

  Distinct inputs;  // different input rows, about, repeats or not

  // Against the baseline's edges; empty without a baseline.
  Histogram row_mean_histogram;
  Histogram row_deviation_histogram;
  Histogram value_histogram;
  FeatureCounts features;  // of a sample of the rows when there are very many

  // An empty window whose histograms fit `baseline` (may be nullptr).
  static Window fitting(const Baseline* baseline);

  // `with_features`: false leaves the per-feature counts out, which are most of the bytes.
  // Requires: made for the same baseline.
  void merge(const Window& other, bool with_features = true);

  int64_t count(Code code) const { return codes[static_cast<size_t>(code)]; }
  // Requests that failed through no fault of the caller, load aside: unknown, internal, data_loss, unimplemented,
  // deadline_exceeded.
  int64_t faults() const;
  // Requests turned away because of load: resource_exhausted, unavailable.
  int64_t rejections() const;
  // Requests that were wrong: every other code but ok and cancelled.
  int64_t refusals() const;
  // Of the requests; of the rows for invalid inputs and outputs.
  Share share(Failure failure) const;

  // Answers per class, of all rows.
  TopCounts all_classes() const;

  // Counts, quantiles and means, for people and dashboards.
  Json summary() const;
  // The mergeable part that survives a restart: everything but the parts that belong to a baseline.
  Json to_json() const;
  static Result<Window> from_json(const Json& json);
};

inline constexpr size_t kClassLimit = 1024;

// One number per measured thing for some seconds of answers: a point of the time series that says what is usual.
struct Point {
  int64_t time_us = 0;     // of its last answer
  double seconds = 0;      // since the last answer of the point before it
  double longest_gap = 0;  // seconds without an answer, the longest among them
  bool troubled = false;   // an alarm said that the version was not what it used to be: no example of what is usual
  int64_t requests = 0;
  int64_t rows = 0;
  std::array<Share, kFailures> shares = {};  // by Failure
  double rate = 0;                           // requests a second
  double latency = 0;                        // median seconds
  double queue = 0;
  double compute = 0;
  double confidence = 0;          // mean
  double row_mean = 0;            // mean
  double row_mean_deviation = 0;  // from row to row
};
// Its seconds are those from the window's first answer to its last.
Point point_of(const Window& window);

}  // namespace slipway
