// Examples kept as they were before preparation.
#include "data/kept_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using ::testing::ElementsAre;

TEST(KeptRows, AreEvenlyChosen) {
  EXPECT_THAT(evenly_chosen(3, 5), ElementsAre(0, 1, 2));
  EXPECT_THAT(evenly_chosen(10, 4), ElementsAre(0, 2, 5, 7));
  EXPECT_TRUE(evenly_chosen(0, 4).empty());
}

TEST(KeptRows, AreFoundByTheirExample) {
  const KeptRows kept{.examples = {0, 2, 5, 7},
                      .raw = {.names = {"town", "age"},
                              .values = {Tensor::of<std::string>({4}, {"Ulm", "", "Köln", "Bonn"}),
                                         Tensor::of<float>({4, 2}, {0, 1, 2, 3, 4, 5, 6, 7})}}};
  const std::vector<uint32_t> wanted = {2, 7};
  const NamedRows rows = kept_of(kept, wanted);
  EXPECT_THAT(rows.names, ElementsAre("town", "age"));
  EXPECT_THAT(rows.values[0].data<std::string>(), ElementsAre("", "Bonn"));
  EXPECT_THAT(rows.values[1].data<float>(), ElementsAre(2, 3, 6, 7));
}

}  // namespace
}  // namespace slipway
