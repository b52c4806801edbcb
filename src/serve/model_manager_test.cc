// ModelManager: versions come and go while requests hold what they got.
#include "serve/model_manager.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/serving.h"

namespace slipway {
namespace {

using testing::eventually;
using testing::FakeSession;
using testing::FakeSource;

// Counts its living objects and remembers on which thread the last one died.
std::atomic<int> living{0};
std::atomic<std::thread::id> died_on;

class CountedSession final : public FakeSession {
 public:
  CountedSession() { ++living; }
  ~CountedSession() override {
    --living;
    died_on = std::this_thread::get_id();
  }
};

class ManagerTest : public ::testing::Test {
 protected:
  ManagerTest() { living = 0; }

  ServableLoader loader() {
    return [this](const std::string& model, int64_t version) -> Result<std::shared_ptr<Servable>> {
      if (load_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(load_ms.load()));
      if (version == bad_version) return data_loss("model.onnx: checksum is wrong");
      ServingContext context{&metrics_, &workers_, &clock_, batch_metrics_, {.max_rows = 4}};
      return Servable::create(model, version, {std::make_unique<CountedSession>(), testing::rows_of_fake()}, context);
    };
  }
  void make(int64_t poll_ms = 5) {
    manager_ = std::make_unique<ModelManager>(&source_, loader(),
                                              ManagerOptions{.poll_ms = poll_ms,
                                                             .log =
                                                                 [this](const std::string& line) {
                                                                   std::lock_guard lock(log_mutex_);
                                                                   log_.push_back(line);
                                                                 }},
                                              &clock_, &metrics_);
  }
  void settle() {
    while (manager_->load_one()) {
    }
    ASSERT_TRUE(manager_->poll_once().ok());
  }
  int64_t version_of(const ModelSpec& spec) {
    Lookup lookup = manager_->find(spec);
    return lookup.servable ? lookup.servable->version() : 0;
  }

  SystemClock clock_;
  ServerMetrics metrics_;
  WorkerPool workers_{1};
  std::shared_ptr<const BatchMetrics> batch_metrics_ = std::make_shared<const BatchMetrics>(metrics_);
  FakeSource source_;
  std::atomic<int64_t> bad_version{0};
  std::atomic<int64_t> load_ms{0};
  std::mutex log_mutex_;
  std::vector<std::string> log_;
  std::unique_ptr<ModelManager> manager_;
};

TEST_F(ManagerTest, FindsByVersionAndLabel) {
  for (int i = 0; i < 3; ++i) source_.publish("m");
  make();
  ASSERT_TRUE(manager_->poll_once().ok());
  settle();
  EXPECT_EQ(version_of({.name = "m"}), 3);
  EXPECT_EQ(version_of({.name = "m", .version = 2}), 2);
  EXPECT_EQ(version_of({.name = "m", .label = "production"}), 3);
  EXPECT_EQ(version_of({.name = "m", .label = "stable"}), 3);
  EXPECT_EQ(version_of({.name = "m", .label = "latest"}), 3);
  EXPECT_EQ(version_of({.name = "m", .label = "previous"}), 2);
  EXPECT_EQ(manager_->find({.name = "m", .label = "blue"}).miss, Lookup::Miss::unknown_label);
  EXPECT_EQ(manager_->find({.name = "m", .version = 9}).miss, Lookup::Miss::unknown_version);
  EXPECT_EQ(manager_->find({.name = "x"}).miss, Lookup::Miss::unknown_model);
}

TEST_F(ManagerTest, AVersionThatDoesNotLoadLeavesTheOldOneServing) {
  source_.publish("m");
  make();
  ASSERT_TRUE(manager_->poll_once().ok());
  settle();
  bad_version = source_.publish("m");
  ASSERT_TRUE(manager_->poll_once().ok());
  settle();
  EXPECT_EQ(version_of({.name = "m"}), 1);
  std::vector<VersionStatus> status = manager_->status("m");
  ASSERT_EQ(status.size(), 2u);
  EXPECT_EQ(status[0].version, 2);
  EXPECT_EQ(status[0].state, VersionState::end);
  EXPECT_EQ(status[0].error.code(), Code::data_loss);
  EXPECT_EQ(status[1].state, VersionState::available);
}

TEST_F(ManagerTest, TheRequestThatHoldsAVersionKeepsItAndTheManagerFreesIt) {
  source_.publish("m");
  make();
  ASSERT_TRUE(manager_->start().ok());
  std::shared_ptr<Servable> held = manager_->find({.name = "m"}).servable;
  ASSERT_NE(held, nullptr);
  for (int i = 0; i < 3; ++i) {
    int64_t version = source_.publish("m");
    ASSERT_TRUE(eventually([&] { return manager_->serving_version("m") == version; }));
  }
  EXPECT_EQ(held->version(), 1);
  EXPECT_TRUE(held->inputs()[0].name == "x");
  EXPECT_TRUE(eventually([] { return living == 3; }));  // 1 (held), 3 and 4
  held.reset();
  EXPECT_TRUE(eventually([] { return living == 2; }));
  EXPECT_NE(died_on.load(), std::this_thread::get_id());
  manager_->stop();
}

TEST_F(ManagerTest, ARollbackTakesEffectWhileAnotherVersionIsLoading) {
  source_.publish("m");
  source_.publish("m");
  make();
  ASSERT_TRUE(manager_->start().ok());
  ASSERT_EQ(manager_->serving_version("m"), 2);
  load_ms = 3000;
  source_.set("m", {.versions = {1, 2, 3}, .production = 2, .history = {1}, .rejected = {}});  // 3 is a candidate
  manager_->refresh();
  ASSERT_TRUE(eventually([&] { return manager_->status("m")[0].state == VersionState::loading; }));
  source_.set("m", {.versions = {1, 2, 3}, .production = 1, .history = {}, .rejected = {2}});
  auto start = std::chrono::steady_clock::now();
  manager_->refresh();
  EXPECT_TRUE(eventually([&] { return manager_->serving_version("m") == 1; }));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1500));
  manager_->stop();
}

TEST_F(ManagerTest, AnUnreadableSourceChangesNothing) {
  source_.publish("m");
  make();
  ASSERT_TRUE(manager_->start().ok());
  source_.fail(unavailable("disk gone"));
  ASSERT_TRUE(eventually([&] {
    std::lock_guard lock(log_mutex_);
    return !log_.empty() && log_.back().find("disk gone") != std::string::npos;
  }));
  EXPECT_EQ(version_of({.name = "m"}), 1);
  manager_->stop();
}

TEST_F(ManagerTest, StatusPagesRememberOnlyTheLastVersions) {
  make();
  for (int i = 0; i < 60; ++i) {
    source_.publish("m");
    ASSERT_TRUE(manager_->poll_once().ok());
    settle();
  }
  EXPECT_LE(manager_->status("m").size(), 20u);
  EXPECT_EQ(living, 2);
  EXPECT_EQ(version_of({.name = "m"}), 60);
}

TEST_F(ManagerTest, AModelThatWasDeletedIsServedNoMoreAndMayComeBack) {
  source_.publish("m");
  source_.publish("m");
  source_.publish("other");
  make();
  ASSERT_TRUE(manager_->poll_once().ok());
  settle();
  EXPECT_EQ(version_of({.name = "m"}), 2);
  source_.remove("m");
  ASSERT_TRUE(manager_->poll_once().ok());
  EXPECT_EQ(manager_->find({.name = "m"}).miss, Lookup::Miss::nothing_available);
  Lookup second = manager_->find({.name = "m", .version = 2});
  EXPECT_EQ(second.miss, Lookup::Miss::unknown_version);
  EXPECT_EQ(second.error.message(), "version 2 was deleted");
  for (const VersionStatus& status : manager_->status("m")) {
    EXPECT_EQ(status.state, VersionState::end);
    EXPECT_EQ(status.error.code(), Code::not_found);
  }
  EXPECT_EQ(living, 1) << "the other model's";
  EXPECT_EQ(version_of({.name = "other"}), 1);
  source_.publish("m");
  ASSERT_TRUE(manager_->poll_once().ok());
  settle();
  EXPECT_EQ(version_of({.name = "m"}), 1);
}

// A store that was restored, or removed and published anew, between two looks at it.
TEST_F(ManagerTest, AVersionThatIsAnotherOneOfItsNumberIsLoadedAnew) {
  PublishedModel published{
      .versions = {1}, .production = 1, .history = {}, .rejected = {}, .missing = {}, .marks = {{1, "old"}}};
  source_.set("m", published);
  make();
  ASSERT_TRUE(manager_->poll_once().ok());
  settle();
  const Servable* before = manager_->find({.name = "m"}).servable.get();
  ASSERT_TRUE(manager_->poll_once().ok());
  EXPECT_EQ(manager_->find({.name = "m"}).servable.get(), before) << "the same files";
  published.marks[1] = "new";
  source_.set("m", published);
  ASSERT_TRUE(manager_->poll_once().ok());
  EXPECT_EQ(manager_->find({.name = "m"}).servable, nullptr) << "what is gone answers no more";
  settle();
  EXPECT_EQ(version_of({.name = "m"}), 1);
  EXPECT_EQ(living, 1);
  EXPECT_THAT(log_, ::testing::Contains("model m version 1 is unloaded: the store has another one of this number"));
}

TEST_F(ManagerTest, AModelThatCannotBeReadHindersNoOtherOne) {
  source_.publish("bad");
  source_.publish("good");
  source_.damage("bad");
  make();
  ASSERT_TRUE(manager_->start().ok());
  EXPECT_EQ(version_of({.name = "good"}), 1);
  EXPECT_EQ(version_of({.name = "bad"}), 0);
  source_.damage("");
  EXPECT_TRUE(eventually([&] { return version_of({.name = "bad"}) == 1; })) << "mended";
  manager_->stop();
  EXPECT_THAT(log_, ::testing::Contains(::testing::HasSubstr("bad: state.json: no JSON")));
}

TEST_F(ManagerTest, TellsWhichVersionServesAndWhichAreLoaded) {
  std::vector<std::string> heard;
  auto hear = [this, &heard](const VersionChange& change) {
    EXPECT_EQ(version_of({.name = change.model}), change.serving) << "listeners may ask";
    heard.push_back(fmt::format("{} serves {} of {}", change.model, change.serving, fmt::join(change.loaded, ",")));
  };
  source_.publish("m");
  make();
  const Subscription early = manager_->subscribe(hear);
  ASSERT_TRUE(manager_->poll_once().ok());
  settle();
  source_.publish("m");
  ASSERT_TRUE(manager_->poll_once().ok());
  settle();
  ASSERT_TRUE(manager_->poll_once().ok());
  EXPECT_THAT(heard, ::testing::ElementsAre("m serves 1 of 1", "m serves 2 of 1,2")) << "each change once";
  heard.clear();
  Subscription late = manager_->subscribe(hear);
  EXPECT_THAT(heard, ::testing::ElementsAre("m serves 2 of 1,2")) << "how things stand";
  late.reset();
  heard.clear();
  source_.set("m", {.versions = {1, 2}, .production = 1, .history = {}, .rejected = {2}});
  ASSERT_TRUE(manager_->poll_once().ok());
  EXPECT_THAT(heard, ::testing::Contains(::testing::StartsWith("m serves 1 of 1"))) << "a rollback";
  source_.remove("m");
  ASSERT_TRUE(manager_->poll_once().ok());
  EXPECT_EQ(heard.back(), "m serves 0 of ");
}

TEST_F(ManagerTest, ClientsAreNotToldWhereTheStoreLies) {
  source_.publish("m");
  ServableLoader refuse = [](const std::string&, int64_t) -> Result<std::shared_ptr<Servable>> {
    return data_loss("/srv/models/m/1/model.onnx: expected a checksum (/srv/models/m/1/x), not /other/srv/models/y");
  };
  ManagerOptions options{.private_root = "/srv/models",
                         .log = [this](const std::string& line) { log_.push_back(line); }};
  manager_ = std::make_unique<ModelManager>(&source_, refuse, options, &clock_, &metrics_);
  ASSERT_TRUE(manager_->poll_once().ok());
  while (manager_->load_one()) {
  }
  EXPECT_EQ(manager_->status("m")[0].error.message(),
            "m/1/model.onnx: expected a checksum (m/1/x), not /other/srv/models/y");
  ASSERT_FALSE(log_.empty());
  EXPECT_NE(log_.back().find("/srv/models/m/1/model.onnx"), std::string::npos) << "the log has it all";
}

}  // namespace
}  // namespace slipway
