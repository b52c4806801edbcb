// Opening models: what errors say of where.
#include "data/open_model.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/file.h"
#include "store/store.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

TEST(OpenModel, ErrorsBeginWithAPathThatIsAWordOfThem) {
  TemporaryDirectory folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  Draft draft;
  draft.files["model.onnx"] = "bytes";
  ASSERT_TRUE(Store::open("sto", true)->publish("m", draft).ok());
  EXPECT_EQ(open_model("sto").status().message(), "sto: is a store; say which model is meant: m");
  EXPECT_TRUE(open_model("sto/m").status().message().starts_with("sto/m: ")) << open_model("sto/m").status().message();
  fs::current_path(before);
}

}  // namespace
}  // namespace slipway
