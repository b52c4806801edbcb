// How requests are drawn, joined and compared.
#include "support/shared_runs.h"

#include <algorithm>
#include <future>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "base/random.h"
#include "graph/captures.h"
#include "graph/operator.h"
#include "serve/servable.h"
#include "support/rounding.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

constexpr int kRequests = 16;
constexpr int64_t kMostTrips = 50, kMostLoopBytes = 1 << 20;

// Answers follow from inputs alone, in subgraphs too.
bool deterministic(const Graph& graph) {
  return std::ranges::all_of(graph.nodes(), [](const Node& n) {
    if (n.op == nullptr || !n.op->deterministic) return false;
    return std::ranges::all_of(bodies(n), [](const Body& body) { return deterministic(*body.second); });
  });
}

// Opens dimension 0 of most inputs and forgets what inference made of their sizes.
void open_rows(Graph& graph, Choices& c) {
  const char* names[] = {"batch", "batch", "batch", "", "n"};
  std::vector<bool> is_input(graph.value_count(), false);
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    Value& value = graph.value(graph.inputs[i]);
    is_input[static_cast<size_t>(graph.inputs[i].index)] = true;
    if (!value.dims) continue;
    for (Dim& dim : *value.dims) {
      if (!dim.known()) dim.symbol = "";  // names that random_graph gave; sizes may differ
    }
    if (!value.dims->empty() && !c.one_in(8)) (*value.dims)[0] = Dim::named(names[c.below(std::size(names))]);
  }
  for (size_t v = 0; v < graph.value_count(); ++v) {
    Value& value = graph.value({static_cast<int32_t>(v)});
    if (!is_input[v] && !value.data.defined()) value.dims.reset();
  }
}

// `rows` rows of the elements of `like` in another order, reals a little changed.
Tensor drawn_like(const Tensor& like, int64_t rows, Random& random) {
  Shape shape = like.shape();
  shape[0] = rows;
  Tensor x(like.dtype(), shape);
  if (like.count() == 0) return x;
  const auto count = static_cast<uint64_t>(like.count());
  if (like.dtype() == DType::string) {
    for (std::string& word : x.mutable_data<std::string>()) word = like.data<std::string>()[random.below(count)];
    return x;
  }
  visit_dtype(like.dtype(), [&]<typename T>(TypeTag<T>) {
    for (T& e : x.mutable_data<T>()) {
      e = like.data<T>()[random.below(count)];
      if constexpr (std::is_same_v<T, float>) e += static_cast<float>(random.uniform() - 0.5) * (e == e ? 1 : 0);
    }
  });
  return x;
}

using Outputs = Result<std::vector<Tensor>>;

struct Request {
  std::vector<Tensor> inputs;
  Outputs alone = internal("not run");
  Outputs shared = internal("not answered");
  bool refused = false;  // by the check of inputs
  bool proved = false;
  int64_t rows = 0;  // its own
  int64_t batch_rows = 0;
};

class Job final : public BatchJob {
 public:
  Job(Request& request, std::shared_ptr<const RowProof> shared_by, std::promise<void> done)
      : request_(request), done_(std::move(done)) {
    inputs = request.inputs;
    proof = std::move(shared_by);
    request.proved = proof != nullptr;
    if (proof == nullptr) return;
    auto first = std::ranges::find(proof->input_rows, true) - proof->input_rows.begin();
    rows = request.rows = inputs[static_cast<size_t>(first)].dim(0);
  }
  void complete(Outputs outputs, const RunTimes& times) override {
    request_.shared = std::move(outputs);
    request_.batch_rows = times.batch_rows;
    done_.set_value();
  }

 private:
  Request& request_;
  std::promise<void> done_;
};

class OneTurn final : public EventLoop {
 public:
  void defer(std::function<void()> f) override { deferred_.push_back(std::move(f)); }
  size_t index() const override { return 0; }
  void turn() {
    for (auto& f : std::exchange(deferred_, {})) f();
  }

 private:
  std::vector<std::function<void()>> deferred_;
};

// The model as a server holds it, but for its warm-up.
class Served {
 public:
  Served(std::unique_ptr<Session> session, const Graph& graph, bool on_loop)
      : session_(std::move(session)),
        rows_(graph),
        batcher_([this](std::span<const Tensor> x) { return session_->run(x); }, true, options(on_loop), &workers_,
                 &clock_, std::make_shared<const BatchMetrics>(metrics_)) {}

  Session& session() { return *session_; }
  // Ready when the request is answered.
  std::future<void> submit(Request& request, EventLoop* loop) {
    std::promise<void> promise;
    std::future<void> done = promise.get_future();
    Status fit = check_inputs(session_->inputs(), request.inputs);
    if (fit.ok()) fit = rows_.check_rows(request.inputs);
    if (!fit.ok()) {
      request.refused = true;
      promise.set_value();
      return done;
    }
    std::shared_ptr<const RowProof> proof = rows_.prove(request.inputs);
    if (!proof->proved) proof = nullptr;
    batcher_.submit(std::make_unique<Job>(request, std::move(proof), std::move(promise)), loop);
    return done;
  }

 private:
  static BatchingOptions options(bool on_loop) {
    return {.max_rows = 16, .concurrency = 2, .inline_below_us = on_loop ? int64_t{1} << 40 : 0};
  }

  std::unique_ptr<Session> session_;
  RowAnalysis rows_;
  SystemClock clock_;
  ServerMetrics metrics_;
  WorkerPool workers_{2};
  Batcher batcher_;
};

std::vector<Request> draw_requests(const RandomGraph& drawn, uint64_t seed) {
  Random random(seed);
  std::vector<Request> requests(kRequests);
  for (Request& request : requests) {
    const auto rows = static_cast<int64_t>(random.below(6));
    const bool strange = random.below(12) == 0;
    for (size_t i = 0; i < drawn.inputs.size(); ++i) {
      const std::optional<Dims>& dims = drawn.graph.value(drawn.graph.inputs[i]).dims;
      const bool open = dims && !dims->empty() && !(*dims)[0].known();
      const int64_t own = strange ? static_cast<int64_t>(random.below(4)) : rows;
      if (open) request.inputs.push_back(drawn_like(drawn.inputs[i], own, random));
      if (!open && strange && drawn.inputs[i].rank() > 0) {
        request.inputs.push_back(drawn_like(drawn.inputs[i], drawn.inputs[i].dim(0), random));
      } else if (!open) {
        request.inputs.push_back(drawn.inputs[i]);
      }
    }
  }
  return requests;
}

void ask(Served& served, std::vector<Request>& requests, int clients) {
  if (clients == 0) {
    OneTurn loop;
    std::vector<std::future<void>> answered;
    for (Request& request : requests) answered.push_back(served.submit(request, &loop));
    loop.turn();
    for (std::future<void>& done : answered) done.get();
    return;
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < clients; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = static_cast<size_t>(t); i < requests.size(); i += static_cast<size_t>(clients)) {
        served.submit(requests[i], nullptr).get();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

bool same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), identical);
}

// What is wrong with one answer; empty: nothing.
std::string judge_answer(const Graph& graph, const Request& request, SharedRuns& runs) {
  if (request.refused) return "";
  if (!request.alone.ok()) {
    return request.shared.ok() ? "answered, but alone refused: " + std::string(request.alone.status().message()) : "";
  }
  if (!request.shared.ok()) return "answered alone, but refused: " + std::string(request.shared.status().message());
  ++runs.requests;
  runs.proved |= request.proved;
  const bool together = request.proved && request.batch_rows > request.rows;
  runs.together += together ? 1 : 0;
  if (same(*request.shared, *request.alone)) {
    runs.identical += together ? 1 : 0;
    return "";
  }
  if (!request.proved) return "another answer, though it ran alone";
  std::optional<Expectation> expected = Expectation::of(graph, request.inputs, kMostTrips, kMostLoopBytes);
  if (!expected) return "";
  std::string apart = expected->contradiction(*request.shared);
  return apart.empty()
             ? ""
             : fmt::format("a request of {} rows in a run of {}: {}", request.rows, request.batch_rows, apart);
}

}  // namespace

SharedRuns share_runs(Choices& choices, uint64_t seed, int clients) {
  SharedRuns runs;
  RandomGraph drawn = choices.below(2) == 0 ? random_graph(choices) : random_network(choices);
  if (drawn.graph.inputs.empty() || drawn.graph.outputs.empty() || !deterministic(drawn.graph)) return runs;
  open_rows(drawn.graph, choices);
  Result<std::unique_ptr<Session>> session =
      Session::create(drawn.graph, {.threads = 1, .max_trips = kMostTrips, .max_loop_bytes = kMostLoopBytes});
  if (!session.ok()) return runs;
  runs.served = true;
  Served served(std::move(*session), drawn.graph, clients == 0);
  std::vector<Request> requests = draw_requests(drawn, seed);
  for (Request& request : requests) request.alone = served.session().run(request.inputs);
  ask(served, requests, clients);
  for (const Request& request : requests) {
    runs.trouble = judge_answer(drawn.graph, request, runs);
    if (runs.trouble.empty()) continue;
    runs.trouble += "\n" + to_text(drawn.graph);
    break;
  }
  return runs;
}

}  // namespace slipway
