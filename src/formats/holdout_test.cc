// Labelled examples that travel with a version.
#include "formats/holdout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using ::testing::HasSubstr;

TEST(Holdout, SurvivesItsFile) {
  const Holdout h{.inputs = {Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6}), Tensor::of<int64_t>({2}, {7, 8})},
                  .labels = Tensor::of<int64_t>({2}, {1, 0}),
                  .classes = {"no", "yes \"quoted\""},
                  .raw = {.names = {"town", "age"},
                          .values = {Tensor::of<std::string>({2}, {"", std::string("K\0ln", 4)}),
                                     Tensor::of<float>({2}, {31, 40.5f})}}};
  const Holdout copy = parse_holdout(holdout_bytes(h).value(), "h").value();
  ASSERT_EQ(copy.inputs.size(), 2u);
  EXPECT_TRUE(identical(copy.inputs[0], h.inputs[0]));
  EXPECT_TRUE(identical(copy.inputs[1], h.inputs[1]));
  EXPECT_TRUE(identical(copy.labels, h.labels));
  EXPECT_EQ(copy.classes, h.classes);
  EXPECT_EQ(copy.raw.names, h.raw.names);
  EXPECT_TRUE(identical(copy.raw.values[0], h.raw.values[0]));
  EXPECT_TRUE(identical(copy.raw.values[1], h.raw.values[1]));
}

TEST(Holdout, DamageIsNamed) {
  Holdout h{.inputs = {Tensor::of<float>({2, 1}, {1, 2})}, .labels = Tensor::of<int64_t>({3}, {1, 0, 1})};
  EXPECT_THAT(parse_holdout(holdout_bytes(h).value(), "h").status().message(),
              HasSubstr("h: 3 labels were expected to go with 2 examples"));
  h.labels = Tensor::of<int64_t>({2}, {1, 2});
  h.classes = {"a", "b"};
  EXPECT_THAT(parse_holdout(holdout_bytes(h).value(), "h").status().message(), HasSubstr("label 2 is none of the 2"));
  h.labels = Tensor::of<float>({2}, {1, 2});
  h.raw = {.names = {"town"}, .values = {Tensor::of<std::string>({1}, {"Ulm"})}};
  EXPECT_THAT(parse_holdout(holdout_bytes(h).value(), "h").status().message(),
              HasSubstr("h: 2 labels were expected to go with 1 rows of \"town\""));
  h.raw = {};
  const std::string bytes = holdout_bytes(h).value();
  EXPECT_TRUE(parse_holdout(bytes, "h").ok());
  EXPECT_FALSE(parse_holdout(bytes.substr(0, bytes.size() / 2), "h").ok());
  EXPECT_FALSE(parse_holdout("", "h").ok());
}

}  // namespace
}  // namespace slipway
