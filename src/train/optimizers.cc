// Optimizers: one row each, over their cards.
#include "train/optimizers.h"

#include <algorithm>

namespace slipway::train {

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

constexpr double kBelowOne = 1 - 1e-9;
constexpr F kMomentum = {"momentum", &Optimizer::momentum, 0, kBelowOne, 0};
constexpr F kBeta1 = {"beta_1", &Optimizer::beta_1, 0, kBelowOne, 0.9};
constexpr F kBeta2 = {"beta_2", &Optimizer::beta_2, 0, kBelowOne, 0.999};
constexpr F kEpsilon = {"epsilon", &Optimizer::epsilon, 0, 1, 1e-7};
constexpr F kDecay = {"weight_decay", &Optimizer::weight_decay, 0, 1e6, 0};

constexpr F with_default(F field, double otherwise) {
  field.otherwise = otherwise;
  return field;
}

struct Row {
  const char* name;
  const char* card;           // in domain "slipway"; its attributes are called like the fields
  bool timed;                 // the card reads the step
  const char* slots[3];       // state beside each weight, in the card's order
  const char* momentum_slot;  // a last one, only with momentum
  F fields[5];
};

constexpr Row kOptimizers[] = {
    {"sgd", "SGD", false, {}, "velocity", {kMomentum, {"nesterov", &Optimizer::nesterov}, kDecay}},
    {"rmsprop",
     "RMSprop",
     false,
     {"v"},
     "velocity",
     {{"rho", &Optimizer::rho, 0, kBelowOne, 0.9}, kMomentum, kEpsilon, kDecay}},
    {"adagrad",
     "Adagrad",
     false,
     {"accumulator"},
     nullptr,
     {kEpsilon, kDecay, {"initial_accumulator_value", &Optimizer::initial_accumulator_value, 0, 1e6, 0.1}}},
    {"adam", "Adam", true, {"m", "v"}, nullptr, {kBeta1, kBeta2, kEpsilon, kDecay}},
    {"adamw", "Adam", true, {"m", "v"}, nullptr, {kBeta1, kBeta2, kEpsilon, with_default(kDecay, 0.004)}},
    {"lion", "Lion", false, {"m"}, nullptr, {kBeta1, with_default(kBeta2, 0.99), kDecay}},
    {"lamb", "LAMB", true, {"m", "v"}, nullptr, {kBeta1, kBeta2, with_default(kEpsilon, 1e-6), kDecay}},
};

Result<const Row*> row_of(std::string_view type) {
  return find_row("optimizer", std::span<const Row>(kOptimizers), type);
}

std::vector<F> fields_of(const Row& row) {
  std::vector<F> fields(std::begin(kCommon), std::end(kCommon));
  for (const F& field : named(row.fields)) fields.push_back(field);
  return fields;
}

// The row of a checked optimizer, whose own defaults are filled in.
struct Known {
  const Row& row;
  Optimizer optimizer;
};

Known known(const Optimizer& optimizer) {
  Result<const Row*> row = row_of(optimizer.type);
  CHECK(row.ok(), "an optimizer that was not checked");
  return {**row, resolved(optimizer, named((*row)->fields))};
}

// The card's attributes: the fields but those that only say how state begins.
Attributes attributes_of(const Known& o) {
  Attributes attributes;
  for (const F& field : named(o.row.fields)) {
    if (field.name == std::string_view("initial_accumulator_value")) continue;
    if (auto* real = std::get_if<double Optimizer::*>(&field.member)) {
      attributes.set(field.name, static_cast<float>(o.optimizer.**real));
    } else if (auto* flag = std::get_if<bool Optimizer::*>(&field.member)) {
      attributes.set(field.name, int64_t{o.optimizer.**flag});
    }
  }
  return attributes;
}

std::vector<std::string> slots_of(const Known& o) {
  std::vector<std::string> slots;
  for (const char* slot : o.row.slots) {
    if (slot != nullptr) slots.emplace_back(slot);
  }
  if (o.row.momentum_slot != nullptr && o.optimizer.momentum != 0) slots.emplace_back(o.row.momentum_slot);
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
    for (const std::string& name : slots_of(o_)) {
      bool accumulator = name == "accumulator";
      Values group;
      for (ValueId w : weights) {
        group.push_back(slot(w, name, accumulator ? static_cast<float>(o_.optimizer.initial_accumulator_value) : 0));
      }
      groups.push_back(std::move(group));
    }
    Values in = {inputs_.rate};
    if (o_.row.timed) in.push_back(inputs_.step);
    for (size_t g = 0; g < groups.size(); ++g) {
      in.insert(in.end(), groups[g].begin(), groups[g].end());
      if (g == 0) in.insert(in.end(), gradients.begin(), gradients.end());
    }
    size_t n = weights.size();
    Values next = b_.ops(o_.row.card, in, static_cast<int>(groups.size() * n), attributes_of(o_), "slipway");
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

Status check(const Optimizer& optimizer) {
  const Row* row = TRY(row_of(optimizer.type));
  std::vector<F> fields = fields_of(*row);
  Optimizer o = resolved(optimizer, std::span<const F>(fields));
  RETURN_IF_ERROR(check_fields("optimizer", o, std::span<const F>(fields)));
  if (row->name == std::string_view("sgd") && o.nesterov && o.momentum == 0) {
    return invalid("optimizer: nesterov needs a momentum above 0");
  }
  return {};
}

Result<std::vector<Field<Optimizer>>> optimizer_fields(std::string_view type) { return fields_of(*TRY(row_of(type))); }

std::string fingerprint(const Optimizer& optimizer) {
  Known o = known(optimizer);
  std::vector<F> fields = fields_of(o.row);
  return o.row.name + to_text(o.optimizer, std::span<const F>(fields));
}

std::string average_name(const std::string& weight) { return weight + "/average"; }

void add_optimizer(Builder& b, const Optimizer& optimizer, const UpdateInputs& inputs, const Values& weights,
                   Values gradients) {
  Updates(b, optimizer, inputs).add(weights, std::move(gradients));
}

}  // namespace slipway::train
