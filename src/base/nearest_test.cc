// Nearest words: literal tables.
#include "base/nearest.h"

#include <vector>

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Nearest, DistanceCountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("train", "train"), 0);
  EXPECT_EQ(edit_distance("trian", "train"), 1);
  EXPECT_EQ(edit_distance("rain", "train"), 1);
  EXPECT_EQ(edit_distance("serve", "store"), 3);
  EXPECT_EQ(edit_distance("ca", "abc"), 3);
}

TEST(Nearest, SuggestsWhatIsNear) {
  const std::vector<std::string> verbs = {"train", "optimize", "convert", "serve", "store"};
  EXPECT_EQ(nearest("trian", verbs), "train");
  EXPECT_EQ(nearest("optimise", verbs), "optimize");
  EXPECT_EQ(nearest("conv", verbs), "convert");
  EXPECT_EQ(nearest("stor", verbs), "store");
  EXPECT_EQ(nearest("deploy", verbs), std::nullopt);
  EXPECT_EQ(nearest("", verbs), std::nullopt);
  EXPECT_EQ(nearest("train", {}), std::nullopt);
}

TEST(Nearest, EndsAMessage) {
  const std::vector<std::string> names = {"epochs", "batch_size"};
  EXPECT_EQ("unknown key epcohs" + did_you_mean("epcohs", names), "unknown key epcohs; did you mean epochs?");
  EXPECT_EQ(did_you_mean("learning_rate", names), "");
}

}  // namespace
}  // namespace slipway
