// Every card of the program says what it is, under a name of its own.
#include "base/cards.h"

#include <set>

#include <gtest/gtest.h>

#include "convert/target.h"
#include "data/kinds/data_kind_card.h"
#include "formats/format.h"
#include "monitor/detectors/all.h"
#include "optimize/pass.h"
#include "repair/remedies/all.h"
#include "rewrite/rewrite.h"
#include "serve/endpoint.h"
#include "train/activations/activation_card.h"
#include "train/callbacks/callback_card.h"
#include "train/initializers/initializer_card.h"
#include "train/layers/context.h"
#include "train/losses/loss_card.h"
#include "train/metrics/metric_card.h"
#include "train/optimizers/optimizer_card.h"
#include "train/schedules/schedule_card.h"

namespace slipway {
namespace {

template <typename List>
void expect_whole(const List& cards) {
  std::set<std::string> names;
  for (const CardText& card : texts_of(cards)) {
    EXPECT_TRUE(names.insert(card.name).second) << card.name << " twice";
    for (const std::string& alias : card.aliases) EXPECT_TRUE(names.insert(alias).second) << alias << " twice";
    EXPECT_FALSE(card.doc.empty()) << card.name;
    std::set<std::string> options;
    for (const OptionText& option : card.options) {
      EXPECT_TRUE(options.insert(option.name).second) << card.name << " takes " << option.name << " twice";
      EXPECT_FALSE(option.expected.empty()) << card.name << "'s " << option.name;
    }
  }
  EXPECT_FALSE(names.empty());
}

TEST(EveryCard, SaysWhatItIs) {
  expect_whole(all_data_kinds());
  expect_whole(all_detectors());
  expect_whole(all_endpoints());
  expect_whole(all_formats());
  expect_whole(all_passes());
  expect_whole(all_remedies());
  expect_whole(all_targets());
  expect_whole(rewrite::all_rewrites());
  expect_whole(train::all_activations());
  expect_whole(train::all_callbacks());
  expect_whole(train::all_initializers());
  expect_whole(train::all_layers());
  expect_whole(train::all_losses());
  expect_whole(train::all_metrics());
  expect_whole(train::all_optimizers());
  expect_whole(train::all_schedules());
}

TEST(EveryCard, OptionsSayWhatIsExpected) {
  const CardText huber = text_of(**train::all_losses().get("Huber"));
  ASSERT_EQ(huber.options.size(), 1u);
  EXPECT_EQ(huber.options[0].name, "delta");
  EXPECT_EQ(huber.options[0].expected, "a number in [1e-9, 1000000000]");
  EXPECT_EQ(huber.options[0].otherwise, "1");
  const CardText dense = text_of(**train::all_layers().get("Dense"));
  EXPECT_EQ(dense.options[0].expected, "a whole number from 1 to 16777216");
  EXPECT_EQ(dense.options[0].otherwise, "required");
  const CardText adamw = text_of(**train::all_optimizers().get("adamw"));
  EXPECT_EQ(adamw.options[3].name, "weight_decay");
  EXPECT_EQ(adamw.options[3].otherwise, "0.004");
}

TEST(EveryTarget, IsAFormatThatIsRead) {
  for (const Target* target : all_targets()) EXPECT_NE(find_format(target->name), nullptr) << target->name;
  EXPECT_EQ(target_of("model.txt").status().message(),
            "model.txt: no model format is written under this extension; expected .onnx or .tflite");
}

}  // namespace
}  // namespace slipway
