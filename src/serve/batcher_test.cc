// Batcher: who rides with whom, what is refused, and that every job is answered once with its own rows.
#include "serve/batcher.h"

#include <future>

#include <gtest/gtest.h>

#include "serve/sharing.h"
#include "support/serving.h"

namespace slipway {
namespace {

using testing::FakeSession;

struct Answer {
  Result<std::vector<Tensor>> outputs = internal("not answered");
  RunTimes times;
  std::thread::id thread;
};

// One input and one output, both of rows.
std::shared_ptr<const RowProof> one_of_rows() {
  static const auto proof = std::make_shared<const RowProof>(
      RowProof{.proved = true, .why = {}, .input_rows = {true}, .output_rows = {true}});
  return proof;
}

class TestJob final : public BatchJob {
 public:
  TestJob(Tensor x, std::promise<Answer> promise) : TestJob(std::vector{x}, one_of_rows(), std::move(promise)) {}
  TestJob(std::vector<Tensor> x, std::shared_ptr<const RowProof> shared_by, std::promise<Answer> promise)
      : promise_(std::move(promise)) {
    rows = x[0].dim(0);
    inputs = std::move(x);
    proof = std::move(shared_by);
  }
  void complete(Result<std::vector<Tensor>> outputs, const RunTimes& times) override {
    promise_.set_value({std::move(outputs), times, std::this_thread::get_id()});
  }

 private:
  std::promise<Answer> promise_;
};

Tensor rows_of(float value, int64_t rows, int64_t width = 3) {
  Tensor x(DType::f32, {rows, width});
  for (float& v : x.mutable_data<float>()) v = value;
  return x;
}

// An event loop that runs what is deferred when told to.
class HandLoop final : public EventLoop {
 public:
  void defer(std::function<void()> f) override { deferred.push_back(std::move(f)); }
  size_t index() const override { return 0; }
  void turn() {
    auto now = std::move(deferred);
    deferred.clear();
    for (auto& f : now) f();
  }
  std::vector<std::function<void()>> deferred;
};

struct Fixture {
  explicit Fixture(BatchingOptions options = {}, bool batches = true)
      : batcher([this](std::span<const Tensor> x) { return session.run(x); }, batches, options, &workers, &clock,
                std::make_shared<const BatchMetrics>(metrics)) {
    session.runs = session.rows = 0;
  }

  std::future<Answer> submit(Tensor x, EventLoop* loop = nullptr, int64_t deadline_ns = 0) {
    std::promise<Answer> promise;
    std::future<Answer> answer = promise.get_future();
    auto job = std::make_unique<TestJob>(std::move(x), std::move(promise));
    job->deadline_ns = deadline_ns;
    batcher.submit(std::move(job), loop);
    return answer;
  }

  SystemClock clock;
  ServerMetrics metrics;
  FakeSession session;
  WorkerPool workers{2};
  Batcher batcher;
};

TEST(BatchSizes, AreFew) {
  EXPECT_EQ(batch_sizes(1), (std::vector<int64_t>{1}));
  EXPECT_EQ(batch_sizes(8), (std::vector<int64_t>{1, 2, 3, 4, 6, 8}));
  EXPECT_EQ(batch_sizes(32), (std::vector<int64_t>{1, 2, 3, 4, 6, 8, 12, 16, 24, 32}));
  EXPECT_EQ(batch_sizes(5), (std::vector<int64_t>{1, 2, 3, 4, 5}));
}

TEST(Riders, FitRowsAndTypes) {
  std::vector<std::unique_ptr<BatchJob>> jobs;
  for (const Tensor& x : {rows_of(1, 2), rows_of(1, 3), rows_of(1, 4), rows_of(1, 1, 5)}) {
    jobs.push_back(std::make_unique<TestJob>(x, std::promise<Answer>()));
  }
  EXPECT_EQ(riders(jobs, 32), 3u);
  EXPECT_EQ(riders(jobs, 8), 2u);
  EXPECT_EQ(riders(jobs, 1), 1u);  // one that is too large rides alone
  EXPECT_EQ(riders(std::span(jobs).last(1), 8), 1u);
  EXPECT_EQ(riders({}, 8), 0u);
}

// Two inputs of rows and one that is the same for all.
std::shared_ptr<const RowProof> two_and_a_table() {
  static const auto proof = std::make_shared<const RowProof>(
      RowProof{.proved = true, .why = {}, .input_rows = {true, true, false}, .output_rows = {true}});
  return proof;
}

std::unique_ptr<BatchJob> job_of(std::vector<Tensor> inputs, std::shared_ptr<const RowProof> proof) {
  return std::make_unique<TestJob>(std::move(inputs), std::move(proof), std::promise<Answer>());
}

TEST(Riders, AreThoseOfOneProofThatBringTheSameBesideTheirRows) {
  auto proof = two_and_a_table();
  Tensor table = rows_of(7, 2), other = rows_of(8, 2);
  std::vector<std::unique_ptr<BatchJob>> jobs;
  jobs.push_back(job_of({rows_of(1, 2), rows_of(1, 2), table}, proof));
  jobs.push_back(job_of({rows_of(2, 1), rows_of(2, 1), table.clone()}, proof));
  EXPECT_EQ(riders(jobs, 32), 2u);
  jobs[1] = job_of({rows_of(2, 1), rows_of(2, 1), other}, proof);
  EXPECT_EQ(riders(jobs, 32), 1u) << "a table of another client's";
  jobs[1] = job_of({rows_of(2, 1), rows_of(2, 1), table}, nullptr);
  EXPECT_EQ(riders(jobs, 32), 1u) << "nothing is proved of it";
  jobs[1] = job_of({rows_of(2, 0), rows_of(2, 0), table}, proof);
  EXPECT_EQ(riders(jobs, 32), 1u) << "it has no rows";
  std::swap(jobs[0], jobs[1]);
  EXPECT_EQ(riders(jobs, 32), 1u) << "the first has no rows";
}

TEST(JoinedInputs, AreSizedByEachInputAndFilledByTheLastRow) {
  std::vector<std::unique_ptr<BatchJob>> jobs;
  jobs.push_back(job_of({rows_of(1, 2, 1), rows_of(3, 2, 2), rows_of(7, 1, 1)}, two_and_a_table()));
  jobs.push_back(job_of({rows_of(2, 1, 1), rows_of(4, 1, 2), rows_of(7, 1, 1)}, two_and_a_table()));
  std::vector<Tensor> joined = joined_inputs(jobs, 4);
  EXPECT_EQ(to_string(joined[0]), "float32[4, 1] [[1], [1], [2], [2]]");
  EXPECT_EQ(to_string(joined[1]), "float32[4, 2] [[3, 3], [3, 3], [4, 4], [4, 4]]");
  EXPECT_EQ(to_string(joined[2]), "float32[1, 1] [[7]]");
}

TEST(JoinedInputs, OfStringsRepeatTheLastString) {
  Tensor words = Tensor::of<std::string>({3}, {"a", "b", "c"});
  std::vector<std::unique_ptr<BatchJob>> jobs;
  jobs.push_back(job_of({words}, one_of_rows()));
  EXPECT_EQ(to_string(joined_inputs(jobs, 4)[0]), "string[4] [\"a\", \"b\", \"c\", \"c\"]");
}

// More rows in a later input than the job says: stopped before anything is written.
TEST(JoinedInputsDeathTest, NothingIsWrittenBehindABuffer) {
  std::vector<std::unique_ptr<BatchJob>> jobs;
  jobs.push_back(job_of({rows_of(1, 1), rows_of(1, 5), rows_of(7, 1)}, two_and_a_table()));
  EXPECT_DEATH(joined_inputs(jobs, 2), "more rows than a batch was made for");
}

TEST(Batcher, WithoutALoopAShortRunHappensOnTheCallersThread) {
  Fixture f;
  Answer answer = f.submit(rows_of(1, 1)).get();
  EXPECT_EQ(answer.thread, std::this_thread::get_id());
  EXPECT_EQ(to_string((*answer.outputs)[0]), "float32[1, 3] [[2, 2, 2]]");
  EXPECT_EQ(answer.times.batch_rows, 1);
}

TEST(Batcher, WhatIsReadInOneTurnOfALoopRidesTogether) {
  Fixture f;
  HandLoop loop;
  auto a = f.submit(rows_of(1, 1), &loop);
  auto b = f.submit(rows_of(2, 2), &loop);
  auto c = f.submit(rows_of(3, 2), &loop);
  EXPECT_EQ(f.session.runs, 0);
  ASSERT_EQ(loop.deferred.size(), 1u);
  loop.turn();
  EXPECT_EQ(f.session.runs, 1);
  EXPECT_EQ(f.session.rows, 6);  // five rows, rounded up to a size that has a plan
  EXPECT_EQ(to_string((*a.get().outputs)[0]), "float32[1, 3] [[2, 2, 2]]");
  EXPECT_EQ(to_string((*b.get().outputs)[0]), "float32[2, 3] [[4, 4, 4], [4, 4, 4]]");
  Answer last = c.get();
  EXPECT_EQ(to_string((*last.outputs)[0]), "float32[2, 3] [[6, 6, 6], [6, 6, 6]]");
  EXPECT_EQ(last.times.batch_rows, 5);
}

TEST(Batcher, AModelThatDoesNotBatchRunsEachRequestAtOnce) {
  Fixture f({}, false);
  HandLoop loop;
  auto a = f.submit(rows_of(1, 1), &loop);
  auto b = f.submit(rows_of(1, 3), &loop);
  EXPECT_TRUE(loop.deferred.empty());
  EXPECT_EQ(f.session.runs, 2);
  EXPECT_EQ(f.session.rows, 4);
  EXPECT_TRUE(a.get().outputs.ok() && b.get().outputs.ok());
}

TEST(Batcher, LongRunsLeaveTheLoop) {
  Fixture f;
  f.batcher.set_mean_run_ns(50'000'000);
  HandLoop loop;
  auto a = f.submit(rows_of(1, 1), &loop);
  Answer answer = a.get();
  EXPECT_NE(answer.thread, std::this_thread::get_id());
  EXPECT_TRUE(answer.outputs.ok());
}

TEST(Batcher, WhileWorkersAreBusyRequestsGather) {
  Fixture f({.max_rows = 16, .concurrency = 1, .inline_below_us = 0});
  f.session.delay_us = 20000;
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 17; ++i) answers.push_back(f.submit(rows_of(static_cast<float>(i), 1)));
  for (int i = 0; i < 17; ++i) {
    Answer answer = answers[static_cast<size_t>(i)].get();
    ASSERT_TRUE(answer.outputs.ok());
    EXPECT_EQ((*answer.outputs)[0].data<float>()[0], 2.0f * static_cast<float>(i));
  }
  EXPECT_LE(f.session.runs, 4);
}

TEST(Batcher, ADelayFillsBatches) {
  Fixture f({.max_rows = 4, .max_delay_us = 10'000'000, .concurrency = 1});
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 4; ++i) answers.push_back(f.submit(rows_of(1, 1)));
  for (auto& answer : answers) EXPECT_EQ(answer.get().times.batch_rows, 4);
  EXPECT_EQ(f.session.runs, 1);
}

TEST(Batcher, AFullQueueIsRefusedWithTheLimit) {
  Fixture f({.max_rows = 1, .max_queue_rows = 2, .concurrency = 1, .inline_below_us = 0});
  f.session.delay_us = 50000;
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(f.submit(rows_of(1, 1)));
  int refused = 0;
  for (auto& future : answers) {
    Answer answer = future.get();
    if (answer.outputs.ok()) continue;
    ++refused;
    EXPECT_EQ(answer.outputs.status().code(), Code::resource_exhausted);
    EXPECT_NE(answer.outputs.status().message().find("Exceeds maximum queue size"), std::string::npos);
    EXPECT_NE(answer.outputs.status().message().find("--queue"), std::string::npos);
  }
  EXPECT_GE(refused, 4);
  EXPECT_LE(refused, 6);
}

TEST(Batcher, ARequestLargerThanABatchRunsAlone) {
  Fixture f({.max_rows = 4});
  Answer answer = f.submit(rows_of(1, 9)).get();
  EXPECT_EQ(f.session.rows, 9);
  EXPECT_EQ((*answer.outputs)[0].dim(0), 9);
}

TEST(Batcher, AnExpiredRequestIsNotRun) {
  Fixture f;
  HandLoop loop;
  auto late = f.submit(rows_of(1, 1), &loop, 1);
  auto fine = f.submit(rows_of(2, 1), &loop);
  loop.turn();
  EXPECT_EQ(late.get().outputs.status().code(), Code::deadline_exceeded);
  EXPECT_TRUE(fine.get().outputs.ok());
  EXPECT_EQ(f.session.rows, 1);
}

TEST(Batcher, AnErrorOfTheEngineReachesEveryRider) {
  Fixture f;
  f.session.failure = invalid("broken");
  HandLoop loop;
  auto a = f.submit(rows_of(1, 1), &loop);
  auto b = f.submit(rows_of(1, 1), &loop);
  loop.turn();
  EXPECT_EQ(a.get().outputs.status().message(), "broken");
  EXPECT_EQ(b.get().outputs.status().message(), "broken");
  EXPECT_EQ(f.session.runs, 3) << "together, then each alone";
}

// A model that refuses negative numbers, wherever in the batch they are.
Result<std::vector<Tensor>> refuse_negative(std::span<const Tensor> inputs) {
  for (float x : inputs[0].data<float>()) {
    if (x < 0) return invalid("a negative number");
  }
  return std::vector<Tensor>{inputs[0]};
}

TEST(Batcher, ARowThatTheModelRefusesSpoilsNobodyElsesAnswer) {
  SystemClock clock;
  ServerMetrics metrics;
  WorkerPool workers(1);
  Batcher batcher(refuse_negative, true, {}, &workers, &clock, std::make_shared<const BatchMetrics>(metrics));
  HandLoop loop;
  std::vector<std::future<Answer>> answers;
  for (float value : {1.0f, -1.0f, 3.0f}) {
    std::promise<Answer> promise;
    answers.push_back(promise.get_future());
    batcher.submit(std::make_unique<TestJob>(rows_of(value, 1), std::move(promise)), &loop);
  }
  loop.turn();
  EXPECT_EQ(to_string((*answers[0].get().outputs)[0]), "float32[1, 3] [[1, 1, 1]]");
  EXPECT_EQ(answers[1].get().outputs.status().message(), "a negative number");
  EXPECT_EQ(to_string((*answers[2].get().outputs)[0]), "float32[1, 3] [[3, 3, 3]]");
}

// Fewer rows out than in, against the proof: nobody gets a part of what is not his.
TEST(Batcher, OutputsOfOtherSizesThanProvedAreNotCut) {
  SystemClock clock;
  ServerMetrics metrics;
  WorkerPool workers(1);
  auto first_row = [](std::span<const Tensor> inputs) -> Result<std::vector<Tensor>> {
    return std::vector<Tensor>{inputs[0].rows(0, 1)};
  };
  Batcher batcher(first_row, true, {}, &workers, &clock, std::make_shared<const BatchMetrics>(metrics));
  HandLoop loop;
  std::promise<Answer> one, two;
  std::future<Answer> a = one.get_future(), b = two.get_future();
  batcher.submit(std::make_unique<TestJob>(rows_of(1, 2), std::move(one)), &loop);
  batcher.submit(std::make_unique<TestJob>(rows_of(2, 2), std::move(two)), &loop);
  loop.turn();
  EXPECT_EQ(to_string((*a.get().outputs)[0]), "float32[1, 3] [[1, 1, 1]]");
  EXPECT_EQ(to_string((*b.get().outputs)[0]), "float32[1, 3] [[2, 2, 2]]");
}

TEST(Batcher, WhatIsNotProvedRunsAsItIs) {
  Fixture f;
  HandLoop loop;
  std::promise<Answer> promise;
  std::future<Answer> answer = promise.get_future();
  f.batcher.submit(std::make_unique<TestJob>(std::vector{rows_of(1, 5)}, nullptr, std::move(promise)), &loop);
  loop.turn();
  EXPECT_EQ(f.session.rows, 5) << "not rounded up";
  EXPECT_EQ((*answer.get().outputs)[0].dim(0), 5);
}

TEST(Batcher, AnExceptionOfTheEngineIsAnError) {
  SystemClock clock;
  ServerMetrics metrics;
  WorkerPool workers(1);
  Batcher batcher([](std::span<const Tensor>) -> Result<std::vector<Tensor>> { throw std::bad_alloc(); }, true, {},
                  &workers, &clock, std::make_shared<const BatchMetrics>(metrics));
  std::promise<Answer> promise;
  std::future<Answer> answer = promise.get_future();
  batcher.submit(std::make_unique<TestJob>(rows_of(1, 1), std::move(promise)));
  EXPECT_EQ(answer.get().outputs.status().code(), Code::resource_exhausted);
}

TEST(Batcher, ManyThreadsGetTheirOwnRows) {
  Fixture f({.max_rows = 8, .inline_below_us = 0});
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        auto value = static_cast<float>(t * 1000 + i);
        Answer answer = f.submit(rows_of(value, 1 + i % 3)).get();
        bool good = answer.outputs.ok() && (*answer.outputs)[0].dim(0) == 1 + i % 3 &&
                    (*answer.outputs)[0].data<float>().back() == 2 * value;
        wrong += good ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace slipway
