// The list of optimizers, written by the build from the files in optimizers/, and the nodes that move the weights.
#include "train/optimizers.h"

#include <algorithm>

#include "base/card_list.h"
#include "train/optimizers/cards.inc"
#include "train/optimizers/optimizer_card.h"

namespace slipway::train {

DECLARE_CARDS(OptimizerCard, optimizer_)

const Cards<OptimizerCard>& all_optimizers() {
  static const Cards<OptimizerCard> cards("optimizer", CARD_LIST(OptimizerCard, optimizer_), same_word);
  return cards;
}

CardText text_of(const OptimizerCard& card) { return {card.name, card.doc, option_texts(named(card.fields))}; }

namespace {

using F = Field<Optimizer>;

constexpr F kCommon[] = {
    {"learning_rate", &Optimizer::learning_rate, 0, 1e6},
    {"clipvalue", &Optimizer::clipvalue, 0, 1e30},
    {"clipnorm", &Optimizer::clipnorm, 0, 1e30},
    {"global_clipnorm", &Optimizer::global_clipnorm, 0, 1e30},
    {"gradient_accumulation_steps", &Optimizer::gradient_accumulation_steps, 1, 1e6},
    {"use_ema", &Optimizer::use_ema},
    {"ema_momentum", &Optimizer::ema_momentum, 0, 1},
};

std::vector<F> fields_of(const OptimizerCard& card) {
  std::vector<F> fields(std::begin(kCommon), std::end(kCommon));
  for (const F& field : named(card.fields)) fields.push_back(field);
  return fields;
}

// The card of a checked optimizer, whose own defaults are filled in.
struct Known {
  const OptimizerCard& card;
  Optimizer optimizer;
};

Known known(const Optimizer& optimizer) {
  const OptimizerCard* card = all_optimizers().find(optimizer.type);
  CHECK(card != nullptr, "an optimizer that was not checked");
  return {*card, resolved(optimizer, named(card->fields))};
}

// Whether the field only says how a slot begins.
bool begins_a_slot(const OptimizerCard& card, const F& field) {
  auto* real = std::get_if<double Optimizer::*>(&field.member);
  return real != nullptr &&
         std::ranges::any_of(card.slots, [&](const OptimizerSlot& slot) { return slot.initial == *real; });
}

// The operator's attributes: the fields but those that only say how state begins.
Attributes attributes_of(const Known& o) {
  Attributes attributes;
  for (const F& field : named(o.card.fields)) {
    if (begins_a_slot(o.card, field)) continue;
    if (auto* real = std::get_if<double Optimizer::*>(&field.member)) {
      attributes.set(field.name, static_cast<float>(o.optimizer.**real));
    } else if (auto* flag = std::get_if<bool Optimizer::*>(&field.member)) {
      attributes.set(field.name, int64_t{o.optimizer.**flag});
    }
  }
  return attributes;
}

std::vector<OptimizerSlot> slots_of(const Known& o) {
  std::vector<OptimizerSlot> slots;
  for (const OptimizerSlot& slot : o.card.slots) {
    if (slot.name != nullptr) slots.push_back(slot);
  }
  if (o.card.momentum_slot != nullptr && o.optimizer.momentum != 0) slots.push_back({o.card.momentum_slot});
  return slots;
}

// Writes the update's nodes; with accumulation each takes effect only where `apply` holds.
class Updates {
 public:
  Updates(Builder& b, const Optimizer& optimizer, const UpdateInputs& inputs)
      : b_(b), o_(known(optimizer)), inputs_(inputs), accumulates_(optimizer.gradient_accumulation_steps > 1) {}

  void add(const Values& weights, Values gradients) {
    if (accumulates_) gradients = accumulated(weights, gradients);
    gradients = clipped(std::move(gradients));
    Values next = move(weights, gradients);
    if (o_.optimizer.use_ema) average(weights, next);
  }

 private:
  // A constant that training keeps beside `weight`.
  ValueId slot(ValueId weight, const std::string& name, float initial) {
    const Value& value = b_.graph().value(weight);
    Tensor state(value.data.dtype(), value.data.shape());
    if (initial != 0) std::ranges::fill(state.mutable_data<float>(), initial);
    return b_.graph().add_constant(b_.graph().fresh_name(value.name + "/" + name), std::move(state));
  }

  void replace(ValueId state, ValueId next) {
    if (accumulates_) next = b_.op("Where", {inputs_.apply, next, state});
    b_.graph().updates.push_back({state, next});
  }

  // The mean of the gradients since the last update, this one included.
  Values accumulated(const Values& weights, const Values& gradients) {
    Values means;
    for (size_t i = 0; i < weights.size(); ++i) {
      ValueId state = slot(weights[i], "gradient", 0);
      ValueId sum = b_.add(state, gradients[i]);
      b_.graph().updates.push_back({state, b_.op("Where", {inputs_.apply, b_.scalar(0), sum})});
      means.push_back(b_.div(sum, inputs_.batches));
    }
    return means;
  }

  ValueId squares(ValueId gradient) { return b_.op("ReduceSumSquare", {gradient}, {{"keepdims", int64_t{0}}}); }
  // limit / max(sqrt(squares), limit)
  ValueId norm_factor(ValueId squares, double limit) {
    ValueId bound = b_.scalar(static_cast<float>(limit));
    return b_.div(bound, b_.op("Max", {b_.op("Sqrt", {squares}), bound}));
  }

  // R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
  Values clipped(Values gradients) {
    const Optimizer& o = o_.optimizer;
    for (ValueId& g : gradients) {
      auto limit = static_cast<float>(o.clipvalue);
      if (limit > 0) g = b_.op("Clip", {g, b_.scalar(-limit), b_.scalar(limit)});
      if (o.clipnorm > 0) g = b_.mul(g, norm_factor(squares(g), o.clipnorm));
    }
    if (o.global_clipnorm > 0) {
      Values parts;
      for (ValueId g : gradients) parts.push_back(squares(g));
      ValueId factor = norm_factor(b_.op("Sum", parts), o.global_clipnorm);
      for (ValueId& g : gradients) g = b_.mul(g, factor);
    }
    return gradients;
  }

  // The optimizer's node; returns the new weights.
  Values move(const Values& weights, const Values& gradients) {
    std::vector<Values> groups = {weights};
    for (const OptimizerSlot& each : slots_of(o_)) {
      const double initial = each.initial == nullptr ? 0 : o_.optimizer.*each.initial;
      Values group;
      for (ValueId w : weights) group.push_back(slot(w, each.name, static_cast<float>(initial)));
      groups.push_back(std::move(group));
    }
    Values in = {inputs_.rate};
    if (o_.card.timed) in.push_back(inputs_.step);
    for (size_t g = 0; g < groups.size(); ++g) {
      in.insert(in.end(), groups[g].begin(), groups[g].end());
      if (g == 0) in.insert(in.end(), gradients.begin(), gradients.end());
    }
    size_t n = weights.size();
    Values next = b_.ops(o_.card.operation, in, static_cast<int>(groups.size() * n), attributes_of(o_), "slipway");
    for (size_t g = 0; g < groups.size(); ++g) {
      for (size_t i = 0; i < n; ++i) replace(groups[g][i], next[g * n + i]);
    }
    return {next.begin(), next.begin() + static_cast<int64_t>(n)};
  }

  void average(const Values& weights, const Values& next) {
    Values in;
    for (ValueId w : weights) {
      const Value& value = b_.graph().value(w);
      in.push_back(b_.graph().add_constant(average_name(value.name), value.data.clone()));
    }
    Values averages = in;
    in.insert(in.end(), next.begin(), next.end());
    Values moved = b_.ops("MovingAverage", in, static_cast<int>(weights.size()),
                          {{"momentum", static_cast<float>(o_.optimizer.ema_momentum)}}, "slipway");
    for (size_t i = 0; i < averages.size(); ++i) replace(averages[i], moved[i]);
  }

  Builder& b_;
  Known o_;
  UpdateInputs inputs_;
  bool accumulates_;
};

}  // namespace

std::span<const Field<Optimizer>> common_optimizer_fields() { return kCommon; }

Status check(const Optimizer& optimizer) {
  const OptimizerCard* card = TRY(all_optimizers().get(optimizer.type));
  std::vector<F> fields = fields_of(*card);
  Optimizer o = resolved(optimizer, std::span<const F>(fields));
  RETURN_IF_ERROR(check_fields("optimizer", o, std::span<const F>(fields)));
  return card->check == nullptr ? Status() : card->check(o);
}

Result<std::vector<Field<Optimizer>>> optimizer_fields(std::string_view type) {
  return fields_of(*TRY(all_optimizers().get(type)));
}

std::string fingerprint(const Optimizer& optimizer) {
  Known o = known(optimizer);
  std::vector<F> fields = fields_of(o.card);
  return o.card.name + to_text(o.optimizer, std::span<const F>(fields));
}

std::string average_name(const std::string& weight) { return weight + "/average"; }

void add_optimizer(Builder& b, const Optimizer& optimizer, const UpdateInputs& inputs, const Values& weights,
                   Values gradients) {
  Updates(b, optimizer, inputs).add(weights, std::move(gradients));
}

}  // namespace slipway::train
