// Bad stores through the verbs: what is missing, tampered with, half-written or taken; and publishers side by side.
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "store/store.h"
#include "support/bad_input.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

class BadStore : public ::testing::Test {
 protected:
  void SetUp() override {
    for (uint64_t seed = 1; seed <= 3; ++seed) publish_small(root_, "m", seed);
  }
  std::string root() const { return root_.string(); }
  std::string put(const std::string& name, std::string_view bytes) {
    EXPECT_TRUE(write_file_atomic(root_ / name, bytes).ok());
    return (root_ / name).string();
  }
  std::string bytes_of(const std::string& name) const { return *read_file(root_ / name); }

  TemporaryDirectory folder_;
  fs::path root_ = folder_.path() / "store";
};

TEST_F(BadStore, WhatIsNotThereIsNamedWithWhatIs) {
  std::string file = put("file", "x");
  const BadInput rows[] = {
      {{"store", "list", root() + "/none"}, 3, {"none", "there is no such folder", "publish a model into it first"}},
      {{"serve", root() + "/none"}, 3, {"none", "there is no such folder", "publish a model into it first"}},
      {{"store", "list", file}, 2, {"expected a folder, found a file"}},
      {{"store", "list", root(), "x"}, 3, {"no model \"x\"", "it has m"}},
      {{"store", "list", root(), "../m"}, 2, {"\"../m\"", "A-Z a-z 0-9"}},
      {{"store", "show", root(), "m", "9"}, 3, {"model \"m\" has no version 9", "it has 1, 2, 3"}},
      {{"store", "show", root(), "m", "one"}, 2, {"VERSION: expected a number above 0, found 'one'"}},
      {{"store", "promote", root(), "m", "9"}, 3, {"has no version 9", "it has 1, 2, 3"}},
      {{"store", "promote", root(), "m", "-1"}, 2, {"VERSION: expected a number above 0, found '-1'"}},
      {{"store", "promote", root(), "m", "99999999999999999999"},
       2,
       {"VERSION: expected a whole number below 2^63, found '99999999999999999999'"}},
      {{"store", "promote", root(), "m"}, 2, {"VERSION is required"}},
      {{"store", "rollback", root(), "x"}, 3, {"no model \"x\"", "it has m"}},
      {{"store", "frobnicate", root()}, 2, {"unknown command 'frobnicate'", "--help"}},
  };
  std::map<std::string, std::string> before = contents(root_);
  for (const BadInput& row : rows) expect_refused(row);
  EXPECT_EQ(contents(root_), before);
}

TEST_F(BadStore, RollbackEndsWhereNothingGoodIsBefore) {
  EXPECT_EQ(run_slipway({"store", "rollback", root(), "m"}).exit, 0);
  EXPECT_EQ(run_slipway({"store", "rollback", root(), "m"}).exit, 0);
  expect_refused({{"store", "rollback", root(), "m"}, 1, {"no good version to go back to", "version 1", "publish"}});
  expect_refused({{"store", "promote", root(), "m", "3"}, 1, {"version 3 was rejected", "--force"}});
  EXPECT_EQ(Store::open(root_)->state("m")->production, 1);
}

TEST_F(BadStore, EveryTamperedFileIsNamedAndNeverPromoted) {
  for (const char* name : {"model.onnx", "manifest.json", "manifest.sha256"}) {
    std::string file = std::string("m/2/") + name;
    std::string whole = bytes_of(file);
    std::string tampered = whole;
    tampered[whole.size() / 2] ^= 1;
    put(file, tampered);
    Outcome verify = run_slipway({"store", "verify", root()});
    EXPECT_EQ(verify.exit, 4) << verify.out;
    EXPECT_NE(verify.err.find("1 of 3 versions do not verify"), std::string::npos) << verify.err;
    std::string named = name == std::string("manifest.sha256") ? "manifest.json" : name;
    expect_refused({{"store", "promote", root(), "m", "2"},
                    4,
                    {named, "expected SHA-256", "found", "publish the model again or roll back"}});
    EXPECT_EQ(run_slipway({"store", "list", root(), "m"}).exit, 0);
    fs::remove(root_ / file);
    expect_refused({{"store", "promote", root(), "m", "2"}, 4, {name, "missing", "half-written"}});
    put(file, whole);
  }
  EXPECT_EQ(Store::open(root_)->state("m")->production, 3);
}

TEST_F(BadStore, AProductionVersionWithoutManifestDoesNotVerify) {
  fs::remove(root_ / "m/3/manifest.json");
  Outcome verify = run_slipway({"store", "verify", root()});
  EXPECT_EQ(verify.exit, 4) << verify.out;
  EXPECT_NE(verify.out.find("manifest.json: the file is missing"), std::string::npos) << verify.out;
  ServerProcess server(root_);
  ASSERT_NE(server.port(), 0) << server.err();
  EXPECT_NE(server.err().find("model m version 3 is not served: DATA_LOSS"), std::string::npos) << server.err();
  EXPECT_EQ(server.stop(), 0);
}

TEST_F(BadStore, StrangersInTheFolderAreLeftAlone) {
  for (const char* name : {"m/abc", "m/007", "m/0", "m/-1", "m/.publishing", ".hidden", "we ird"}) {
    fs::create_directories(root_ / name);
  }
  put("m/8", "a file");
  put("notes.txt", "mine");
  Outcome list = run_slipway({"store", "list", root(), "m", "--json"});
  EXPECT_EQ(list.exit, 0) << list.err;
  EXPECT_EQ(list.out.find("\"version\": 8"), std::string::npos) << list.out;
  EXPECT_EQ(publish_small(root_, "m", 4), 9) << "8 is taken by a stranger";
  EXPECT_EQ(bytes_of("m/8"), "a file");
  EXPECT_EQ(bytes_of("notes.txt"), "mine");
}

TEST_F(BadStore, ABrokenStateSaysHowToMendIt) {
  for (const char* text : {"", "{", "[]", "{\"highest\": \"x\"}", "null"}) {
    put("m/state.json", text);
    expect_refused({{"store", "rollback", root(), "m"}, 4, {"m/state.json", "remove the file", "promote a version"}});
    EXPECT_EQ(run_slipway({"store", "verify", root()}).exit, 0);
  }
  fs::remove(root_ / "m/state.json");
  EXPECT_EQ(run_slipway({"store", "promote", root(), "m", "3"}).exit, 0);
}

TEST_F(BadStore, ARenamedVersionIsNoVersion) {
  fs::rename(root_ / "m/2", root_ / "m/9");
  expect_refused({{"store", "promote", root(), "m", "9"}, 4, {"version 9", "version 2", "cannot be renamed"}});
}

TEST_F(BadStore, TheSystemsRefusalIsPassedOn) {
  fs::permissions(root_ / "m", fs::perms::owner_read | fs::perms::owner_exec);
  bool refused = ::access((root_ / "m").c_str(), W_OK) != 0;
  if (refused) {
    expect_refused({{"store", "promote", root(), "m", "2"}, 1, {"Permission denied", "check the", "owner and mode"}});
  }
  fs::permissions(root_ / "m", fs::perms::owner_all);
  EXPECT_EQ(Store::open(root_)->state("m")->production, 3);
  if (!refused) GTEST_SKIP() << "this user may write everywhere";
}

TEST_F(BadStore, TwoProcessesPublishAtOnceAndLoseNothing) {
  constexpr int kEach = 20;
  std::vector<pid_t> children;
  for (int child = 0; child < 2; ++child) {
    pid_t id = ::fork();
    if (id == 0) {
      for (int i = 0; i < kEach; ++i) publish_small(root_, "m", static_cast<uint64_t>(child * kEach + i));
      ::_exit(0);
    }
    children.push_back(id);
  }
  for (pid_t id : children) {
    int state = 0;
    ASSERT_EQ(::waitpid(id, &state, 0), id);
    EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0);
  }
  EXPECT_EQ(Store::open(root_)->versions("m")->size(), 3u + 2 * kEach);
  EXPECT_EQ(Store::open(root_)->state("m")->production, 3 + 2 * kEach);
  EXPECT_EQ(run_slipway({"store", "verify", root()}).exit, 0);
}

}  // namespace
}  // namespace slipway
