// Warm-up: what it finds out of a model, and what it forgives.
#include <gtest/gtest.h>

#include "serve/servable.h"
#include "support/serving.h"

namespace slipway {
namespace {

using testing::FakeSession;

TEST(WarmUp, SharesRunsWhereRowsAreProvedIndependent) {
  SystemClock clock;
  FakeSession session;
  session.delay_us = 200;  // of a run, however many rows
  Result<WarmUp> found = warm_up(session, testing::rows_of_fake().get(), 8, clock);
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->batches);
  EXPECT_GT(found->one_row_ns, 0);
  EXPECT_GT(found->max_rows, 1);
  EXPECT_EQ(found->alone, "");
  // The same answers, but the graph says that they are of all rows.
  found = warm_up(session, testing::rows_of_fake(3, true).get(), 8, clock);
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->batches);
  EXPECT_EQ(found->alone, "output \"y\": CumSum node (unnamed) works along the dimension of the rows");
  EXPECT_FALSE(warm_up(session, nullptr, 8, clock)->batches);
}

TEST(WarmUp, AFailureThatNoInputCouldMendIsAnError) {
  SystemClock clock;
  FakeSession broken;
  broken.failure = internal("no");
  EXPECT_EQ(warm_up(broken, testing::rows_of_fake().get(), 8, clock).status().message(), "no");
}

// A model that takes pairs of rows only, or nothing that anybody could make up.
class ParticularSession final : public FakeSession {
 public:
  explicit ParticularSession(int64_t pairs) : pairs_(pairs) {}
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    if (pairs_ == 0 || inputs[0].dim(0) % pairs_ != 0) return invalid("not these rows");
    return FakeSession::run(inputs);
  }

 private:
  int64_t pairs_;
};

TEST(WarmUp, AModelThatRefusesOneRowIsTriedWithMore) {
  SystemClock clock;
  ParticularSession pairs(2);
  Result<WarmUp> found = warm_up(pairs, testing::rows_of_fake(3, true).get(), 8, clock);
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_GT(found->one_row_ns, 0);
  EXPECT_TRUE(found->refusal.ok());
}

TEST(WarmUp, AModelThatRefusesWhateverIsMadeUpIsServedWithANote) {
  ServerMetrics metrics;
  SystemClock clock;
  WorkerPool workers{1};
  ServingContext context{&metrics, &workers, &clock, std::make_shared<const BatchMetrics>(metrics), {}};
  auto servable = Servable::create("m", 1, {std::make_unique<ParticularSession>(0), nullptr}, context);
  ASSERT_TRUE(servable.ok()) << servable.status().message();
  ASSERT_EQ((*servable)->notes().size(), 2u);
  EXPECT_EQ((*servable)->notes()[0], "it refuses made-up inputs, so it was not warmed up: not these rows");
  EXPECT_EQ((*servable)->notes()[1], "requests run one by one: nothing is known of its rows");
}

}  // namespace
}  // namespace slipway
