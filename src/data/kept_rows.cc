// Kept rows: chooses and copies them.
#include "data/kept_rows.h"

#include <algorithm>

namespace slipway {

namespace {

template <typename T>
Tensor gathered(const Tensor& from, std::span<const uint32_t> rows) {
  Shape shape = from.shape();
  const int64_t width = shape[0] == 0 ? 0 : from.count() / shape[0];
  shape[0] = static_cast<int64_t>(rows.size());
  Tensor to(from.dtype(), shape);
  auto next = to.mutable_data<T>().begin();
  for (uint32_t row : rows) next = std::ranges::copy_n(from.data<T>().begin() + row * width, width, next).out;
  return to;
}

}  // namespace

std::vector<uint32_t> evenly_chosen(size_t n, size_t most) {
  std::vector<uint32_t> chosen;
  const size_t count = std::min(n, most);
  for (size_t i = 0; i < count; ++i) chosen.push_back(static_cast<uint32_t>(i * n / count));
  return chosen;
}

Tensor rows_at(const Tensor& from, std::span<const uint32_t> rows) {
  if (from.dtype() == DType::string) return gathered<std::string>(from, rows);
  return from.dtype() == DType::i64 ? gathered<int64_t>(from, rows) : gathered<float>(from, rows);
}

Result<std::shared_ptr<const KeptRows>> kept_rows(size_t n, const RawOf& raw) {
  KeptRows kept{.examples = evenly_chosen(n, kMostKeptRows), .raw = {}};
  kept.raw = TRY(raw(kept.examples));
  return std::make_shared<const KeptRows>(std::move(kept));
}

NamedRows kept_of(const KeptRows& kept, std::span<const uint32_t> examples) {
  std::vector<uint32_t> at;
  for (uint32_t example : examples) {
    at.push_back(static_cast<uint32_t>(std::ranges::lower_bound(kept.examples, example) - kept.examples.begin()));
  }
  NamedRows rows{.names = kept.raw.names, .values = {}};
  for (const Tensor& value : kept.raw.values) rows.values.push_back(rows_at(value, at));
  return rows;
}

}  // namespace slipway
