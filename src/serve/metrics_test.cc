// Metrics: sums over threads, bucket bounds, the text format, and Prometheus' own checker where it is installed.
#include "serve/metrics.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "base/file.h"
#include "serve/batcher.h"
#include "serve/request_metrics.h"

namespace slipway {
namespace {

TEST(Metrics, CountersAddUpOverThreads) {
  Counter counter;
  MetricHistogram histogram(1, 1);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10000; ++i) {
        counter.add();
        histogram.observe(3);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 40000u);
  EXPECT_EQ(histogram.count(), 40000u);
}

TEST(Metrics, AValueOnABoundBelongsBelowIt) {
  MetricHistogram histogram(10, 1);
  for (uint64_t value : {0, 10, 11, 20, 21}) histogram.observe(value);
  std::string text;
  histogram.append(text, "h", "a=\"b\"");
  EXPECT_NE(text.find("h_bucket{a=\"b\",le=\"10\"} 2\nh_bucket{a=\"b\",le=\"20\"} 4\nh_bucket{a=\"b\",le=\"40\"} 5\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("le=\"+Inf\"} 5\nh_sum{a=\"b\"} 62\nh_count{a=\"b\"} 5\n"), std::string::npos) << text;
}

TEST(Metrics, SeriesLiveAsLongAsTheyAreHeld) {
  ServerMetrics metrics;
  auto kept = metrics.counter("kept_total", "Kept.");
  kept->add(2);
  metrics.counter("gone_total", "Gone.")->add();
  std::string text = metrics.text();
  EXPECT_NE(text.find("# HELP kept_total Kept.\n# TYPE kept_total counter\nkept_total 2\n"), std::string::npos);
  EXPECT_EQ(text.find("gone_total"), std::string::npos);
  EXPECT_EQ(metrics.counter("kept_total", "Kept.").get(), kept.get());
}

TEST(Metrics, LabelsAreEscaped) {
  ServerMetrics metrics;
  auto gauge = metrics.gauge("g", "G.", {{"name", "a\"b\\c\nd"}});
  EXPECT_NE(metrics.text().find("g{name=\"a\\\"b\\\\c\\nd\"} 0\n"), std::string::npos);
}

TEST(Metrics, PromtoolAcceptsTheText) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not installed";
  ServerMetrics metrics;
  RequestMetrics requests(metrics, "digits", "3", "tfs_predict");
  requests.record(Code::ok, 4, 120000, {.queue_ns = 10, .compute_ns = 80000, .batch_rows = 4});
  requests.record(Code::invalid_argument, 0, 9000, {});
  BatchMetrics batch(metrics);
  batch.batch_rows->observe(4);
  metrics.add_source([](std::string& out) { append_metric(out, "slipway_other", "gauge", "Another room's.", 1.5); });
  TemporaryDirectory folder;
  auto path = folder.path() / "metrics.txt";
  std::ofstream(path) << metrics.text();
  std::string command =
      "promtool check metrics < " + path.string() + " > " + (folder.path() / "out").string() + " 2>&1";
  int status = std::system(command.c_str());
  EXPECT_EQ(status, 0) << *read_file(folder.path() / "out") << metrics.text();
}

}  // namespace
}  // namespace slipway
