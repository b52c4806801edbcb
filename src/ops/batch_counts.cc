// Arithmetic on numbers of rows: what exporters compute between a Shape and the Reshape, Expand or Slice that uses it.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "graph/operator.h"
#include "ops/batch_rules.h"

namespace slipway::ops {

namespace {

using Counts = std::vector<RowCount>;

constexpr RowCount kUnknown = {.known = false};

RowCount sum(const RowCount& a, const RowCount& b, int64_t sign) {
  RowCount c;
  if (!a.known || !b.known) return kUnknown;
  int64_t per_row = 0, fixed = 0;
  bool over = __builtin_mul_overflow(b.per_row, sign, &per_row) || __builtin_mul_overflow(b.fixed, sign, &fixed) ||
              __builtin_add_overflow(a.per_row, per_row, &c.per_row) ||
              __builtin_add_overflow(a.fixed, fixed, &c.fixed);
  return over ? kUnknown : c;
}

RowCount product(const RowCount& a, const RowCount& b) {
  if (!a.known || !b.known || (a.per_row != 0 && b.per_row != 0)) return kUnknown;
  const RowCount& form = a.per_row != 0 ? a : b;
  const int64_t factor = a.per_row != 0 ? b.fixed : a.fixed;
  RowCount c;
  bool over =
      __builtin_mul_overflow(form.per_row, factor, &c.per_row) || __builtin_mul_overflow(form.fixed, factor, &c.fixed);
  return over ? kUnknown : c;
}

// Only where it comes out even for every B.
RowCount quotient(const RowCount& a, const RowCount& b) {
  if (!a.known || !b.known) return kUnknown;
  if (b.per_row > 0 && b.fixed == 0 && a.fixed == 0 && a.per_row % b.per_row == 0) {
    return {.fixed = a.per_row / b.per_row};
  }
  if (b.per_row != 0 || b.fixed <= 0) return kUnknown;
  if (a.per_row % b.fixed != 0 || a.fixed % b.fixed != 0) return kUnknown;
  return {.per_row = a.per_row / b.fixed, .fixed = a.fixed / b.fixed};
}

// 1 or 0 where it is decided for every B from 1 on.
RowCount equality(const RowCount& a, const RowCount& b) {
  RowCount apart = sum(a, b, -1);
  if (!apart.known) return kUnknown;
  if (apart.per_row == 0) return {.fixed = apart.fixed == 0 ? 1 : 0};
  const int64_t root = -apart.fixed / apart.per_row;
  const bool never = apart.fixed % apart.per_row != 0 || root < 1;
  return never ? RowCount{.fixed = 0} : kUnknown;
}

RowCount arithmetic(std::string_view op, const RowCount& a, const RowCount& b) {
  if (op == "Add") return sum(a, b, 1);
  if (op == "Sub") return sum(a, b, -1);
  if (op == "Mul") return product(a, b);
  if (op == "Div") return quotient(a, b);
  return equality(a, b);
}

const RowCount& element(const Counts& counts, size_t i) { return counts[counts.size() == 1 ? 0 : i]; }

std::optional<Counts> binary(const BatchNode& n) {
  std::optional<Counts> a = n.counts(0), b = n.counts(1);
  if (!a || !b || n.rank(0) > 1 || n.rank(1) > 1) return std::nullopt;
  Counts y;
  const auto size = static_cast<size_t>(n.out_type(0).count());
  for (size_t i = 0; i < size; ++i) y.push_back(arithmetic(n.node().op->name, element(*a, i), element(*b, i)));
  return y;
}

std::optional<Counts> where(const BatchNode& n) {
  std::optional<Counts> condition = n.counts(0), a = n.counts(1), b = n.counts(2);
  if (!condition || !a || !b || n.rank(0) > 1 || n.rank(1) > 1 || n.rank(2) > 1) return std::nullopt;
  Counts y;
  const auto size = static_cast<size_t>(n.out_type(0).count());
  for (size_t i = 0; i < size; ++i) {
    const RowCount& c = element(*condition, i);
    y.push_back(!c.is_fixed() ? kUnknown : element(c.fixed != 0 ? *a : *b, i));
  }
  return y;
}

std::optional<Counts> shape(const BatchNode& n) {
  const Counts dims = n.dims(0);
  const auto rank = static_cast<int64_t>(dims.size());
  const Node& node = n.node();
  auto bound = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const int64_t begin = bound(node.integer("start")), end = bound(node.has("end") ? node.integer("end") : rank);
  return begin >= end ? Counts() : Counts(dims.begin() + begin, dims.begin() + end);
}

Counts folded(const Counts& counts) {
  RowCount all{.fixed = 1};
  for (const RowCount& c : counts) all = product(all, c);
  return {all};
}

std::optional<Counts> gather(const BatchNode& n) {
  std::optional<Counts> x = n.counts(0);
  std::optional<std::vector<int64_t>> indices = n.ints(1);
  if (!x || !indices || n.rank(0) != 1) return std::nullopt;
  Counts y;
  for (int64_t i : *indices) {
    const int64_t at = i < 0 ? i + static_cast<int64_t>(x->size()) : i;
    if (at < 0 || at >= static_cast<int64_t>(x->size())) return std::nullopt;
    y.push_back((*x)[static_cast<size_t>(at)]);
  }
  return y;
}

std::optional<Counts> slice(const BatchNode& n) {
  std::optional<Counts> x = n.counts(0);
  std::optional<std::vector<int64_t>> begin = n.ints(1), end = n.ints(2);
  std::optional<std::vector<int64_t>> step = n.has(4) ? n.ints(4) : std::vector<int64_t>{1};
  if (!x || n.rank(0) != 1 || !begin || !end || !step) return std::nullopt;
  if (begin->size() != 1 || end->size() != 1 || step->size() != 1 || (*step)[0] != 1) return std::nullopt;
  const auto size = static_cast<int64_t>(x->size());
  auto bound = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size); };
  const int64_t from = bound((*begin)[0]), to = bound((*end)[0]);
  return from >= to ? Counts() : Counts(x->begin() + from, x->begin() + to);
}

std::optional<Counts> concat(const BatchNode& n) {
  Counts y;
  for (size_t i = 0; i < n.size(); ++i) {
    std::optional<Counts> part = n.counts(i);
    if (!part || n.rank(i) != 1) return std::nullopt;
    y.insert(y.end(), part->begin(), part->end());
  }
  return y;
}

std::optional<Counts> reduced(const BatchNode& n) {
  std::optional<Counts> x = n.counts(0);
  if (!x || n.rank(0) > 1) return std::nullopt;
  if (n.has(1) && (!n.ints(1) || n.ints(1)->empty())) return std::nullopt;
  return folded(*x);
}

// Up to where a type holds every whole number; 0: a type that nobody computes sizes in.
int64_t exact_below(DType dtype) {
  switch (dtype) {
    case DType::f32: return int64_t{1} << 24;
    case DType::f64: return int64_t{1} << 53;
    case DType::i32: return int64_t{1} << 31;
    case DType::i64: return std::numeric_limits<int64_t>::max();
    case DType::boolean: return 2;
    default: return 0;
  }
}

bool is_exact(const RowCount& c, int64_t below) {
  if (!c.known || c.per_row == 0) return c.known && c.fixed > -below && c.fixed < below;
  int64_t most = 0;
  bool over = __builtin_mul_overflow(std::abs(c.per_row), kMostProvedRows, &most) ||
              __builtin_add_overflow(most, std::abs(c.fixed), &most);
  return !over && most < below;
}

std::optional<Counts> same(const BatchNode& n) { return n.counts(0); }

using CountRule = std::optional<Counts> (*)(const BatchNode&);
struct NamedCountRule {
  const char* name;
  CountRule rule;
};
constexpr NamedCountRule kRules[] = {
    {"Add", binary},   {"Sub", binary},     {"Mul", binary},   {"Div", binary},    {"Equal", binary},
    {"Where", where},  {"Gather", gather},  {"Slice", slice},  {"Concat", concat}, {"ReduceProd", reduced},
    {"Cast", same},    {"Floor", same},     {"Ceil", same},    {"Identity", same}, {"Reshape", same},
    {"Squeeze", same}, {"Unsqueeze", same}, {"Flatten", same},
};

}  // namespace

std::optional<std::vector<RowCount>> count_elements(const BatchNode& n) {
  const std::string_view op = n.node().op->name;
  if (*n.node().op->domain != '\0') return std::nullopt;
  if (op == "Shape") return shape(n);
  if (op == "Size") return folded(n.dims(0));
  for (size_t i = 0; i < n.size(); ++i) {
    if (n.split(i)) return std::nullopt;
  }
  const int64_t below = exact_below(n.out_type(0).dtype);
  for (const NamedCountRule& rule : kRules) {
    if (op != rule.name || below == 0) continue;
    std::optional<Counts> counts = rule.rule(n);
    if (!counts) return std::nullopt;
    for (RowCount& c : *counts) c = is_exact(c, below) ? c : kUnknown;
    return counts;
  }
  return std::nullopt;
}

}  // namespace slipway::ops
