// Scaled dot-product attention over blocks of queries.
#include "kernels/attention.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/product.h"
#include "kernels/scratch.h"
#include "kernels/softmax.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kBlock = 64;  // queries

template <typename T>
class Attention final : public Primitive {
 public:
  static Result<std::shared_ptr<const Primitive>> make(const AttentionSpec& s) {
    std::shared_ptr<Attention> self(new Attention(s));
    auto no_pack = [](const Tensor&, const std::string&, const std::function<Tensor()>& pack) { return pack(); };
    int64_t total = s.past + s.keys;
    std::array<int64_t, 2> rows = {std::min(kBlock, s.queries), s.queries % kBlock};
    for (size_t i = 0; i < 2; ++i) {
      MatmulSpec scores{.m = rows[i], .n = total, .k = s.size, .transpose_b = true};
      MatmulSpec values{.m = rows[i], .n = s.value_size, .k = total};
      self->products_[2 * i] = TRY(Product::make(s.dtype, scores, no_pack));
      self->products_[2 * i + 1] = TRY(Product::make(s.dtype, values, no_pack));
    }
    self->lay_out();
    return std::shared_ptr<const Primitive>(self);
  }

  size_t scratch_bytes() const override { return layout_.bytes(); }

  std::shared_ptr<void> make_instance() const override {
    auto all = std::make_shared<std::array<std::shared_ptr<void>, 4>>();
    for (size_t i = 0; i < 4; ++i) (*all)[i] = products_[i].make_instance();
    return all;
  }

  void run(void* instance, const void* const* in, void* const* out, void* scratch) const override {
    int64_t shared = s_.heads / s_.kv_heads;
    for (int64_t b = 0; b < s_.batch; ++b) {
      for (int64_t g = 0; g < s_.kv_heads; ++g) {
        const T* keys = gathered(in[1], in[4], out[1], s_.k, s_.size, b, g, at(scratch, keys_));
        const T* values = gathered(in[2], in[5], out[2], s_.v, s_.value_size, b, g, at(scratch, values_));
        for (int64_t h = g * shared; h < (g + 1) * shared; ++h) head(instance, in, out, scratch, b, h, keys, values);
      }
    }
  }

 private:
  explicit Attention(const AttentionSpec& spec) : s_(spec) {}

  void lay_out() {
    auto reserve = [&](int64_t count) { return layout_.reserve(static_cast<size_t>(count) * sizeof(T)); };
    int64_t total = s_.past + s_.keys;
    keys_ = reserve(total * s_.size);
    values_ = reserve(total * s_.value_size);
    queries_ = reserve(kBlock * s_.size);
    scores_ = reserve(kBlock * total);
    answers_ = reserve(kBlock * s_.value_size);
    size_t most = 0;
    for (const Product& product : products_) most = std::max(most, product.scratch_bytes());
    inner_ = layout_.reserve(most);
  }

  T* at(void* scratch, size_t offset) const { return reinterpret_cast<T*>(static_cast<std::byte*>(scratch) + offset); }

  // Past and new rows of one key head, one behind the other: in the present output when there is one, else in `own`.
  const T* gathered(const void* fresh, const void* past, void* present, const HeadLayout& layout, int64_t size,
                    int64_t b, int64_t g, T* own) const {
    int64_t head = b * s_.kv_heads + g, total = s_.past + s_.keys;
    T* to = present == nullptr ? own : static_cast<T*>(present) + head * total * size;
    if (s_.past > 0) std::copy_n(static_cast<const T*>(past) + head * s_.past * size, s_.past * size, to);
    const T* from = static_cast<const T*>(fresh) + b * layout.batch + g * layout.head;
    for (int64_t i = 0; i < s_.keys; ++i) std::copy_n(from + i * layout.step, size, to + (s_.past + i) * size);
    return to;
  }

  void head(void* instance, const void* const* in, void* const* out, void* scratch, int64_t b, int64_t h, const T* keys,
            const T* values) const {
    const T* q = static_cast<const T*>(in[0]) + b * s_.q.batch + h * s_.q.head;
    T* y = static_cast<T*>(out[0]) + b * s_.y.batch + h * s_.y.head;
    int64_t total = s_.past + s_.keys;
    T *queries = at(scratch, queries_), *scores = at(scratch, scores_), *answers = at(scratch, answers_);
    auto& instances = *static_cast<std::array<std::shared_ptr<void>, 4>*>(instance);
    for (int64_t first = 0; first < s_.queries; first += kBlock) {
      int64_t rows = std::min(kBlock, s_.queries - first);
      size_t which = rows == std::min(kBlock, s_.queries) ? 0 : 2;
      for (int64_t i = 0; i < rows; ++i) {
        const T* from = q + (first + i) * s_.q.step;
        for (int64_t k = 0; k < s_.size; ++k) queries[i * s_.size + k] = from[k] * static_cast<T>(s_.scale);
      }
      products_[which].run(queries, keys, scores, instances[which].get(), at(scratch, inner_));
      for (int64_t i = 0; i < rows; ++i) {
        T* kept = out[3] == nullptr ? nullptr
                                    : static_cast<T*>(out[3]) + ((b * s_.heads + h) * s_.queries + first + i) * total;
        row(in[3], b, h, first + i, scores + i * total, kept);
      }
      products_[which + 1].run(scores, values, answers, instances[which + 1].get(), at(scratch, inner_));
      for (int64_t i = 0; i < rows; ++i) {
        std::copy_n(answers + i * s_.value_size, s_.value_size, y + (first + i) * s_.y.step);
      }
    }
  }

  // One row of scores becomes weights. kept: [keys] of the scores output, or nullptr.
  void row(const void* mask, int64_t b, int64_t h, int64_t query, T* scores, T* kept) const {
    constexpr T kNever = -std::numeric_limits<T>::infinity();
    int64_t total = s_.past + s_.keys;
    auto keep = [&](ScoresOutput stage) {
      if (kept != nullptr && s_.scores == stage) std::copy_n(scores, total, kept);
    };
    keep(ScoresOutput::product);
    if (s_.softcap > 0) {
      T cap = static_cast<T>(s_.softcap);
      for (int64_t j = 0; j < total; ++j) scores[j] = cap * std::tanh(scores[j] / cap);
    }
    keep(ScoresOutput::capped);
    int64_t base = b * s_.mask_batch + h * s_.mask_head + query * s_.mask_query;
    for (int64_t j = 0; j < total && s_.mask == AttentionSpec::Mask::boolean; ++j) {
      if (!static_cast<const bool*>(mask)[base + j * s_.mask_key]) scores[j] = kNever;
    }
    for (int64_t j = 0; j < total && s_.mask == AttentionSpec::Mask::number; ++j) {
      scores[j] += static_cast<const T*>(mask)[base + j * s_.mask_key];
    }
    for (int64_t j = s_.past + query + 1; j < total && s_.causal; ++j) scores[j] = kNever;
    keep(ScoresOutput::masked);
    if (total > 0 && *std::max_element(scores, scores + total) == kNever) {
      std::fill_n(scores, total, T{});
    } else if constexpr (std::is_same_v<T, float>) {
      softmax_f32()(scores, scores, total, 1);
    } else {
      softmax_any<false>(scores, scores, total, 1);
    }
    keep(ScoresOutput::softmax);
  }

  AttentionSpec s_;
  std::array<Product, 4> products_;  // scores and answers of a whole block, then of the last one
  ScratchLayout layout_;
  size_t keys_ = 0, values_ = 0, queries_ = 0, scores_ = 0, answers_ = 0, inner_ = 0;
};

}  // namespace

Result<std::shared_ptr<const Primitive>> make_attention(const AttentionSpec& spec) {
  if (spec.dtype == DType::f32) return Attention<float>::make(spec);
  if (spec.dtype == DType::f64) return Attention<double>::make(spec);
  return unsupported("attention computes in float32 and float64");
}

}  // namespace slipway::kernels
