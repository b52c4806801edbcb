// TfIdfVectorizer.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/mapping.h"
#include "ops/samples.h"

namespace slipway {
namespace {

// The n-grams of the pool as a tree of tokens, whose numbers are positions in the pool.
struct Grams {
  std::map<std::pair<int64_t, int64_t>, int64_t> next;  // (place, token) -> place; 0 is the root
  std::vector<int64_t> gram;                            // by place: which n-gram ends there, or -1
};

Result<Grams> grams_of(const std::vector<int64_t>& tokens, const std::vector<int64_t>& starts, size_t count) {
  Grams grams;
  grams.gram.push_back(-1);
  int64_t id = 0;
  auto size = static_cast<int64_t>(tokens.size());
  for (size_t n = 0; n < starts.size(); ++n) {
    int64_t end = n + 1 < starts.size() ? starts[n + 1] : size, length = static_cast<int64_t>(n) + 1;
    if (starts[n] < 0 || end > size || starts[n] > end || (end - starts[n]) % length != 0) {
      return invalid("ngram_counts does not cut the pool into n-grams");
    }
    for (int64_t at = starts[n]; at < end; at += length) {
      int64_t place = 0;
      for (int64_t k = at; k < at + length; ++k) {
        auto [it, fresh] = grams.next.emplace(std::pair(place, tokens[static_cast<size_t>(k)]),
                                              static_cast<int64_t>(grams.gram.size()));
        if (fresh) grams.gram.push_back(-1);
        place = it->second;
      }
      grams.gram[static_cast<size_t>(place)] = id++;
    }
  }
  if (id != static_cast<int64_t>(count)) {
    return invalid(fmt::format("{} ngram_indexes for {} n-grams", count, id));
  }
  return grams;
}

Result<int64_t> width_of(const Node& n) {
  int64_t most = -1;
  for (int64_t index : n.ints("ngram_indexes")) {
    if (index < 0 || index > INT32_MAX) return invalid(fmt::format("ngram_indexes has {}", index));
    most = std::max(most, index);
  }
  return most + 1;
}

Status infer(InferContext& c) {
  Dims out = c.dims(0);
  if (out.empty() || out.size() > 2) return invalid(fmt::format("X is {}; expected [n] or [rows, n]", to_string(out)));
  out.back() = Dim(TRY(width_of(c.node())));
  c.set(0, DType::f32, out);
  return {};
}

struct Spec {
  int64_t rows, tokens, width, shortest, longest, skips;
  bool count, weigh;  // TF: count, IDF: weigh, TFIDF: both
  std::vector<int64_t> indexes;
  std::vector<float> weights;
};

// f(n-gram) for every one found in a row of tokens.
template <typename K, typename F>
void find_grams(const Spec& s, const Grams& grams, const ops::KeyTable<K>& tokens, const K* x, const F& f) {
  for (int64_t skip = 0; skip <= s.skips; ++skip) {
    for (int64_t start = 0; start < s.tokens; ++start) {
      int64_t place = 0;
      for (int64_t n = 1, at = start; n <= s.longest && at < s.tokens; ++n, at += skip + 1) {
        auto it = grams.next.find({place, tokens.find(x[at])});
        if (it == grams.next.end()) break;
        place = it->second;
        int64_t gram = grams.gram[static_cast<size_t>(place)];
        // Skipping changes nothing about single tokens: they count once.
        if (gram >= 0 && n >= s.shortest && (n > 1 || skip == 0)) f(static_cast<size_t>(gram));
      }
    }
  }
}

template <typename X, typename K>
Result<Kernel> typed(const PrepareContext& c, const std::vector<K>& pool, const Spec& s) {
  std::vector<X> keys(pool.begin(), pool.end());
  auto tokens = std::make_shared<const ops::KeyTable<X>>(keys);
  std::vector<int64_t> numbers;
  for (const X& key : keys) numbers.push_back(tokens->find(key));
  auto grams = std::make_shared<const Grams>(TRY(grams_of(numbers, c.node().ints("ngram_counts"), s.indexes.size())));
  return Kernel{[=](const KernelArgs& a) {
    std::fill_n(a.output<float>(0), s.rows * s.width, 0.f);
    for (int64_t row = 0; row < s.rows; ++row) {
      float* y = a.output<float>(0) + row * s.width;
      find_grams(s, *grams, *tokens, a.input<X>(0) + row * s.tokens, [&](size_t gram) {
        float weight = s.weigh && !s.weights.empty() ? s.weights[gram] : 1;
        float& to = y[s.indexes[gram]];
        to = s.count ? to + weight : weight;
      });
    }
  }};
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Node& n = c.node();
  std::string mode = n.text("mode");
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF") {
    return invalid(fmt::format("mode is \"{}\"; expected TF, IDF or TFIDF", mode));
  }
  int64_t tokens = c.in(0).shape.back();
  int64_t width = TRY(width_of(n));
  Spec s{tokens == 0 ? 0 : c.in(0).count() / tokens,
         tokens,
         width,
         n.integer("min_gram_length"),
         n.integer("max_gram_length"),
         std::clamp<int64_t>(n.integer("max_skip_count"), 0, tokens),
         mode != "IDF",
         mode != "TF",
         n.ints("ngram_indexes"),
         n.floats("weights")};
  if (!s.weights.empty() && s.weights.size() != s.indexes.size()) {
    return invalid(fmt::format("{} weights for {} n-grams", s.weights.size(), s.indexes.size()));
  }
  switch (c.in(0).dtype) {
    case DType::string: return typed<std::string>(c, n.strings("pool_strings"), s);
    case DType::i32: return typed<int32_t>(c, n.ints("pool_int64s"), s);
    case DType::i64: return typed<int64_t>(c, n.ints("pool_int64s"), s);
    default: return unsupported("TfIdfVectorizer counts strings, int32 and int64");
  }
}

std::vector<Sample> samples() {
  using Ints = std::vector<int64_t>;
  return {{.inputs = {ops::given(Tensor::of<int64_t>({2, 4}, {2, 3, 5, 4, 5, 6, 7, 8}))},
           .attributes = {{"max_gram_length", int64_t{2}},
                          {"max_skip_count", int64_t{1}},
                          {"min_gram_length", int64_t{1}},
                          {"mode", std::string("TF")},
                          {"ngram_counts", Ints{0, 2}},
                          {"ngram_indexes", Ints{0, 1, 2, 3}},
                          {"pool_int64s", Ints{2, 3, 5, 4, 5, 7}}}}};
}

}  // namespace

OPERATOR(tf_idf_vectorizer) = {
    .name = "TfIdfVectorizer",
    .since = 9,
    .doc =
        "How often each n-gram of the pool is in a row of x (TF), its weight where it is there (IDF), or their "
        "product (TFIDF).",
    .attributes = {{{"max_gram_length", kRequiredInt},
                    {"max_skip_count", kRequiredInt},
                    {"min_gram_length", kRequiredInt},
                    {"mode", kRequiredString},
                    {"ngram_counts", kRequiredInts},
                    {"ngram_indexes", kRequiredInts},
                    {"pool_int64s", kOptionalInts},
                    {"pool_strings", kOptionalStrings},
                    {"weights", kOptionalFloats}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::first_axis,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
