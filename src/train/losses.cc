// The list of losses, written by the build from the files in losses/, and the loss of a graph.
#include "train/losses.h"

#include <algorithm>

#include "base/card_list.h"
#include "train/losses/cards.inc"
#include "train/losses/loss_card.h"

namespace slipway::train {

DECLARE_CARDS(LossCard, loss_)

const Cards<LossCard>& all_losses() {
  static const Cards<LossCard> cards("loss", CARD_LIST(LossCard, loss_), same_word);
  return cards;
}

CardText text_of(const LossCard& card) { return {card.name, card.doc, option_texts(named(card.fields))}; }

namespace {

Result<const LossCard*> card_of(std::string_view name) {
  if (same_word(name, "crossentropy")) {
    return invalid(
        "loss \"crossentropy\" may be sparse_categorical_crossentropy (classes, as tables, folders and texts have "
        "them), "
        "categorical_crossentropy (one-hot labels) or binary_crossentropy (0 and 1, or several labels at once); name "
        "one");
  }
  return all_losses().get(name);
}

const LossCard& checked_card(const Loss& loss) {
  Result<const LossCard*> card = card_of(loss.type);
  CHECK(card.ok(), "a loss that was not checked");
  return **card;
}

// mean(weight each); without weights the mean of `each`
ValueId batch_mean(Builder& b, const LossParts& parts, ValueId weights) {
  if (parts.mean.valid()) return parts.mean;
  ValueId each = weights.valid() ? b.mul(parts.each, weights) : parts.each;
  return b.op("ReduceMean", {each}, {{"keepdims", int64_t{0}}});
}

}  // namespace

std::string_view full_loss_name(std::string_view name) {
  const LossCard* card = all_losses().find(name);
  return card == nullptr ? name : card->name;
}

Result<std::vector<Field<Loss>>> loss_fields(std::string_view name) {
  std::span<const Field<Loss>> fields = named(TRY(card_of(name))->fields);
  return std::vector<Field<Loss>>(fields.begin(), fields.end());
}

std::vector<std::string> loss_names() { return all_losses().names(); }

Status check(const Loss& loss) {
  const LossCard* card = TRY(card_of(loss.type));
  RETURN_IF_ERROR(check_fields(card->name, loss, named(card->fields)));
  if (loss.class_weight.empty()) return {};
  bool takes = std::ranges::any_of(named(card->fields),
                                   [](const Field<Loss>& f) { return f.name == std::string_view("class_weight"); });
  if (!takes) return invalid(fmt::format("{} takes no class_weight: its labels are no classes", card->name));
  if (card->class_weights > 0 && static_cast<int64_t>(loss.class_weight.size()) != card->class_weights) {
    return invalid(fmt::format("class_weight has {} elements; {} expects {}", loss.class_weight.size(), card->name,
                               card->class_weights));
  }
  return {};
}

std::string fingerprint(const Loss& loss) {
  const LossCard& card = checked_card(loss);
  return card.name + to_text(loss, named(card.fields));
}

bool tells_gaps(const Loss& loss) { return checked_card(loss).tells_gaps; }

DType label_dtype(const Loss& loss) { return checked_card(loss).labels == Labels::indices ? DType::i64 : DType::f32; }
bool one_hot_labels(const Loss& loss) { return checked_card(loss).labels == Labels::one_hot; }
int64_t predictions(const Loss& loss, const Shape& label) {
  if (!classifies(loss)) return 1;
  return one_hot_labels(loss) ? element_count(label) / label.back() : element_count(label);
}
bool classifies(const Loss& loss) { return checked_card(loss).classifies; }

Result<LossValues> add_loss(Builder& b, ValueId output, const Loss& loss, bool sample_weights) {
  RETURN_IF_ERROR(check(loss));
  if (!b.graph().value(output).dims) return invalid("the loss needs an output of known rank");
  const LossCard& card = checked_card(loss);
  LossContext context{b, output, loss, sample_weights || !loss.class_weight.empty()};
  Result<LossParts> parts = card.parts(context);
  if (!parts.ok()) return parts.status().at(card.name);
  LossValues values{.labels = parts->labels, .correct = parts->correct};
  if (sample_weights) {
    values.weights = b.graph().add_input("sample_weight", DType::f32, Dims{b.dims(values.labels)[0]});
  }
  values.loss = batch_mean(b, *parts, values.weights);
  RETURN_IF_ERROR(b.status().at(card.name));
  return values;
}

}  // namespace slipway::train
