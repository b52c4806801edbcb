// Store: publishing, promotion, tampering, dying publishers, publishers side by side.
#include "store/store.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"
#include "base/sha256.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

Draft draft(const std::string& model = "the model") {
  Draft d;
  d.signature.inputs = {{.name = "x", .dtype = DType::f32, .dims = {Dim::named("batch"), Dim(4)}}};
  d.metrics = Json::object({{"accuracy", 0.5}});
  d.files = {{"model.onnx", model}, {"baseline.json", "{}"}, {"recipe.toml", "[data]\n"}};
  return d;
}

struct Fixture {
  TemporaryDirectory folder;
  Store store = *Store::open(folder.path() / "store", true);

  int64_t publish(bool promote = true) { return *store.publish("m", draft(), promote); }
  std::string state() {
    ModelState state = *store.state("m");
    EXPECT_EQ(state.production != 0, state.since_us > 1'600'000'000'000'000);
    state.since_us = 0;
    return to_json(state).dump();
  }
};

TEST(StoreRemove, AVersionIsGoneAndItsNumberWithIt) {
  TemporaryDirectory folder;
  Store store = *Store::open(folder.path());
  Draft draft;
  draft.files["model.onnx"] = "model";
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store.publish("m", draft).ok());
  EXPECT_EQ(store.remove("m", 3).code(), Code::failed_precondition);
  EXPECT_EQ(store.remove("m", 2).code(), Code::failed_precondition);
  EXPECT_EQ(store.remove("m", 7).code(), Code::not_found);
  ASSERT_TRUE(store.remove("m", 1).ok());
  EXPECT_EQ(*store.versions("m"), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(store.state("m")->history, std::vector<int64_t>{2});
  // What a killed deletion leaves is swept up by the next writer.
  ASSERT_TRUE(make_directories(folder.path() / "m" / ".deleted-1").ok());
  ASSERT_TRUE(store.remove("m", 3, true).ok());
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "m" / ".deleted-1"));
  EXPECT_EQ(store.state("m")->production, 0);
  EXPECT_EQ(*store.publish("m", draft), 4);
  ASSERT_TRUE(store.remove("m", 2, true).ok() && store.remove("m", 4, true).ok());
  EXPECT_TRUE(store.models()->empty());
  EXPECT_EQ(*store.publish("m", draft), 5);
}

TEST(Store, PublishesAndReadsBack) {
  Fixture f;
  Result<int64_t> version = f.store.publish("digits", draft("weights"));
  ASSERT_TRUE(version.ok()) << version.status().message();
  EXPECT_EQ(*version, 1);
  EXPECT_EQ(*f.store.read("digits", 1, "model.onnx"), "weights");
  Result<Manifest> manifest = f.store.manifest("digits", 1);
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->files.size(), 3u);
  EXPECT_EQ(manifest->metrics["accuracy"].as_double(), 0.5);
  EXPECT_GT(manifest->created_us, 1'600'000'000'000'000);
  EXPECT_TRUE(f.store.verify("digits", 1).ok());
  EXPECT_EQ(f.store.state("digits")->production, 1);
  EXPECT_THAT(*f.store.models(), ElementsAre("digits"));
  EXPECT_THAT(*f.store.versions("digits"), ElementsAre(1));
}

TEST(Store, OpenAsksBeforeItMakesAFolder) {
  TemporaryDirectory folder;
  EXPECT_EQ(Store::open(folder.path() / "none").status().code(), Code::not_found);
  EXPECT_FALSE(fs::exists(folder.path() / "none"));
  ASSERT_TRUE(write_file_atomic(folder.path() / "file", "").ok());
  EXPECT_EQ(Store::open(folder.path() / "file", true).status().code(), Code::invalid_argument);
}

TEST(Store, NamesCannotLeaveTheFolder) {
  Fixture f;
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("../x"), std::string("a/b"), std::string("/a"),
        std::string(".hidden"), std::string("a\0b", 3), std::string("a b"), std::string("ä"), std::string(129, 'a')}) {
    EXPECT_EQ(f.store.publish(name, draft()).status().code(), Code::invalid_argument) << name;
    EXPECT_EQ(f.store.versions(name).status().code(), Code::invalid_argument) << name;
    EXPECT_EQ(f.store.read(name, 1, "model.onnx").status().code(), Code::invalid_argument) << name;
    Draft bad = draft();
    bad.files[name] = "";
    EXPECT_EQ(f.store.publish("m", bad).status().code(), Code::invalid_argument) << name;
  }
  EXPECT_EQ(f.store.publish("../x", draft()).status().message(),
            "model \"../x\": expected 1 to 128 of the characters A-Z a-z 0-9 . _ - without a leading dot");
  Draft bad = draft();
  bad.files["manifest.json"] = "{}";
  EXPECT_THAT(f.store.publish("m", bad).status().message(), HasSubstr("the store writes it itself"));
  bad = draft();
  bad.files.erase("model.onnx");
  EXPECT_EQ(f.store.publish("m", bad).status().message(), "a version needs a file \"model.onnx\"; found 2 other files");
  EXPECT_TRUE(f.store.publish("Digits-v2.1_x", draft()).ok());
}

TEST(Store, WhatIsNotThereIsNamedWithWhatIs) {
  Fixture f;
  f.publish();
  f.publish();
  EXPECT_THAT(f.store.manifest("n", 1).status().message(), HasSubstr("there is no model \"n\"; it has m"));
  EXPECT_THAT(f.store.manifest("m", 7).status().message(), HasSubstr("model \"m\" has no version 7; it has 1, 2"));
  EXPECT_EQ(f.store.manifest("m", -1).status().code(), Code::not_found);
  EXPECT_THAT(f.store.read("m", 1, "../2/model.onnx").status().message(),
              HasSubstr("it has baseline.json, model.onnx, recipe.toml"));
}

TEST(Store, NumbersAreNeverGivenOutTwice) {
  Fixture f;
  EXPECT_EQ(f.publish(), 1);
  EXPECT_EQ(f.publish(), 2);
  EXPECT_EQ(f.publish(), 3);
  fs::remove_all(f.store.path("m", 3));
  fs::remove_all(f.store.path("m", 2));
  EXPECT_EQ(f.publish(), 4);
  fs::create_directory(f.store.path("m", 9));  // half-copied by hand
  EXPECT_THAT(*f.store.versions("m"), ElementsAre(1, 4));
  EXPECT_EQ(f.publish(), 10);
}

TEST(Store, LeftoversOfDeadPublishersAreSweptAndNeverListed) {
  Fixture f;
  f.publish();
  fs::path model = f.store.root() / "m";
  fs::create_directories(model / ".publishing" / "deep");
  ASSERT_TRUE(write_file_atomic(model / ".publishing" / "model.onnx", "half").ok());
  ASSERT_TRUE(write_file_atomic(model / "state.json.tmp-abcdef", "half").ok());
  ASSERT_TRUE(write_file_atomic(model / "notes.txt", "kept").ok());
  fs::create_directory(f.store.root() / "empty");
  EXPECT_THAT(*f.store.models(), ElementsAre("m"));
  EXPECT_THAT(*f.store.versions("m"), ElementsAre(1));
  EXPECT_EQ(f.publish(), 2);
  EXPECT_FALSE(fs::exists(model / ".publishing"));
  EXPECT_FALSE(fs::exists(model / "state.json.tmp-abcdef"));
  EXPECT_TRUE(fs::exists(model / "notes.txt"));
  EXPECT_FALSE(fs::exists(f.store.path("m", 2) / "deep"));
}

TEST(Store, EveryChangedFileIsFound) {
  const std::function<void(const fs::path&)> harms[] = {
      [](const fs::path& file) { fs::remove(file); },
      [](const fs::path& file) { fs::resize_file(file, 0); },
      [](const fs::path& file) { ASSERT_TRUE(write_file_atomic(file, *read_file(file) + " ").ok()); },
      [](const fs::path& file) {
        std::string bytes = *read_file(file);
        bytes[bytes.size() / 2] ^= 1;
        ASSERT_TRUE(write_file_atomic(file, bytes).ok());
      },
  };
  for (const char* file : {"model.onnx", "baseline.json", "recipe.toml", "manifest.json", "manifest.sha256"}) {
    for (size_t harm = 0; harm < std::size(harms); ++harm) {
      if (file == std::string("manifest.sha256") && harm == 2) continue;  // blanks at its end change nothing
      Fixture f;
      f.publish();
      f.publish();
      harms[harm](f.store.path("m", 2) / file);
      Status status = f.store.verify("m", 2);
      EXPECT_EQ(status.code(), Code::data_loss) << file << " " << harm << ": " << status.message();
      EXPECT_THAT(status.message(), HasSubstr(std::string(file).substr(0, 8))) << harm;
      std::string read = file[0] == 'm' ? "model.onnx" : file;
      EXPECT_EQ(f.store.read("m", 2, read).status().code(), Code::data_loss) << file << " " << harm;
      EXPECT_EQ(f.store.promote("m", 2).code(), Code::data_loss);
      EXPECT_TRUE(f.store.verify("m", 1).ok());
    }
  }
}

TEST(Store, AVersionCannotBeCopiedOrGrow) {
  Fixture f;
  f.publish();
  fs::copy(f.store.path("m", 1), f.store.path("m", 2), fs::copy_options::recursive);
  EXPECT_THAT(f.store.verify("m", 2).message(), HasSubstr("expected model \"m\" version 2, found \"m\" version 1"));
  ASSERT_TRUE(write_file_atomic(f.store.path("m", 1) / "more.bin", "x").ok());
  EXPECT_THAT(f.store.verify("m", 1).message(), HasSubstr("more.bin: the file was not published"));
}

TEST(Store, TheMessageSaysWhatWasExpectedAndFound) {
  Fixture f;
  f.publish();
  ASSERT_TRUE(write_file_atomic(f.store.path("m", 1) / "model.onnx", "other").ok());
  EXPECT_EQ(
      f.store.verify("m", 1).message(),
      (f.store.path("m", 1) / "model.onnx").string() + ": expected SHA-256 " + sha256_hex("the model") + ", found " +
          sha256_hex("other") +
          "; the file was changed after it was published: publish the model again or roll back to another version");
}

TEST(Store, PromoteAndRollback) {
  Fixture f;
  f.publish();
  f.publish();
  f.publish(false);
  EXPECT_EQ(f.state(), R"({"production":2,"history":[1],"rejected":{},"highest":3})");
  ASSERT_TRUE(f.store.promote("m", 3).ok());
  EXPECT_EQ(*f.store.rollback("m", "error rate 40 %"), 2);
  EXPECT_EQ(f.state(), R"({"production":2,"history":[1,3],"rejected":{"3":"error rate 40 %"},"highest":3})");
  EXPECT_EQ(f.store.promote("m", 3).message(),
            "model \"m\": version 3 was rejected (error rate 40 %); promote it with --force if that is mended");
  ASSERT_TRUE(f.store.promote("m", 3, true).ok());
  EXPECT_EQ(f.state(), R"({"production":3,"history":[1,2],"rejected":{},"highest":3,"trusted":[3]})");
}

TEST(Store, RollbackSkipsWhatDoesNotVerify) {
  Fixture f;
  for (int i = 0; i < 3; ++i) f.publish();
  fs::resize_file(f.store.path("m", 2) / "model.onnx", 1);
  EXPECT_EQ(*f.store.rollback("m", "drift"), 1);
  Status none = f.store.rollback("m", "again").status();
  EXPECT_EQ(none.code(), Code::failed_precondition);
  EXPECT_THAT(none.message(), HasSubstr("no good version to go back to from version 1; version 2 does not verify"));
  EXPECT_EQ(f.store.state("m")->production, 1);
}

TEST(Store, RollbackWithoutProductionIsRefused) {
  Fixture f;
  f.publish(false);
  EXPECT_EQ(f.store.rollback("m", "x").status().code(), Code::failed_precondition);
}

TEST(Store, ABrokenStateSaysHowToMendIt) {
  Fixture f;
  f.publish();
  ASSERT_TRUE(write_file_atomic(f.store.root() / "m" / "state.json", "{\"production\": \"x\"}").ok());
  Status status = f.store.state("m").status();
  EXPECT_EQ(status.code(), Code::data_loss);
  EXPECT_THAT(status.message(), HasSubstr("remove the file and promote a version again"));
  fs::remove(f.store.root() / "m" / "state.json");
  ASSERT_TRUE(f.store.promote("m", 1).ok());
  EXPECT_EQ(f.store.state("m")->production, 1);
}

// Runs `work` in a process of its own, which ends without destructors or test bookkeeping.
template <typename Work>
pid_t in_child(Work work) {
  pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  return child;
}

TEST(Store, KilledPublishersLeaveAStoreThatLoads) {
  Fixture f;
  Random random(7);
  std::set<int64_t> seen;
  double window_us = 4'000;  // follows the speed of the machine, so that kills fall before, in and after publishing
  Draft big = draft(std::string(200'000, 'w'));
  ASSERT_EQ(f.publish(), 1);
  for (int round = 0; round < 40; ++round) {
    pid_t child = in_child([&] {
      while (f.store.publish("m", big).ok()) {
      }
    });
    ::usleep(static_cast<useconds_t>(random.uniform() * window_us));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "publishing failed by itself";
    size_t before = seen.size();
    Store store = *Store::open(f.store.root());
    Result<std::vector<int64_t>> versions = store.versions("m");
    ASSERT_TRUE(versions.ok()) << versions.status().message();
    window_us *= versions->size() > before + 1 ? 0.8 : 1.25;
    for (int64_t version : *versions) {
      if (!seen.insert(version).second) continue;
      Status sound = store.verify("m", version);
      ASSERT_TRUE(sound.ok()) << sound.message();
    }
    Result<ModelState> state = store.state("m");
    ASSERT_TRUE(state.ok()) << state.status().message();
    ASSERT_TRUE(state->production == 0 || seen.contains(state->production));
  }
  ASSERT_GT(seen.size(), 10u) << "the publishers were killed before they did anything";
  int64_t next = *f.store.publish("m", draft());
  EXPECT_GT(next, *seen.rbegin());
  EXPECT_TRUE(f.store.verify("m", next).ok());
  EXPECT_FALSE(fs::exists(f.store.root() / "m" / ".publishing"));
}

TEST(Store, PublishersSideBySideTakeTurns) {
  Fixture f;
  constexpr int kEach = 15;
  std::vector<pid_t> children;
  for (int i = 0; i < 2; ++i) {
    children.push_back(in_child([&] {
      for (int k = 0; k < kEach; ++k) {
        if (!f.store.publish("m", draft(std::to_string(i))).ok()) ::_exit(1);
      }
    }));
  }
  for (pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  std::vector<int64_t> versions = *f.store.versions("m");
  ASSERT_EQ(versions.size(), 2u * kEach);
  EXPECT_EQ(versions.back(), 2 * kEach);
  int first = 0;
  for (int64_t version : versions) {
    EXPECT_TRUE(f.store.verify("m", version).ok());
    first += *f.store.read("m", version, "model.onnx") == "0" ? 1 : 0;
  }
  EXPECT_EQ(first, kEach);
  EXPECT_EQ(f.store.state("m")->production, 2 * kEach);
  EXPECT_EQ(f.store.state("m")->history.size(), 2u * kEach - 1);
}

}  // namespace
}  // namespace slipway
