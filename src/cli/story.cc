// The life of one model on real data: trained, made smaller, converted, published, served, broken, repaired.
#include "cli/story.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include <fmt/format.h>

#include "base/file.h"
#include "base/random.h"
#include "cli/http_client.h"
#include "cli/live.h"
#include "convert/verify.h"
#include "convert/write.h"
#include "data/batches.h"
#include "data/locate.h"
#include "data/transform.h"
#include "formats/format.h"
#include "optimize/optimize.h"
#include "train/fine_tune.h"
#include "train/fit.h"
#include "train/layers.h"
#include "train/publish.h"
#include "train/recipe.h"

namespace slipway {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr const char* kModel = "digits";
constexpr const char* kRecipe =
#include "recipes/digits.inc"
    ;

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

// The first `count` examples as the model's input: scaled float32.
Tensor scaled_inputs(const Dataset& data, int64_t count) {
  Shape shape = data.example_shape();
  shape.insert(shape.begin(), count);
  Tensor x(DType::f32, shape), no_labels;
  BatchStream stream(data, {.size = count, .shuffle = false});
  stream.start(0);
  stream.next(x, no_labels);
  return x;
}

// One TensorFlow Serving request body per row.
std::vector<std::string> request_bodies(const Tensor& x) {
  std::vector<std::string> bodies;
  int64_t width = x.count() / x.dim(0), columns = x.dim(x.rank() - 1);
  for (int64_t row = 0; row < x.dim(0); ++row) {
    const float* values = x.data<float>().data() + row * width;
    std::string body = "{\"instances\":[[";
    for (int64_t i = 0; i < width; ++i) {
      body += i % columns == 0 ? (i == 0 ? "[" : "],[") : ",";
      body += fmt::format("{}", values[i]);
    }
    bodies.push_back(body + "]]]}");
  }
  return bodies;
}

// Clients that ask without a pause until they are stopped.
class Traffic {
 public:
  Traffic(int port, const std::vector<std::string>& bodies) : bodies_(&bodies) {
    thread_ = std::thread([this, port] { ask(port); });
  }
  ~Traffic() { stop(); }
  void send(const std::vector<std::string>& bodies) { bodies_.store(&bodies); }
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int64_t requests() const { return requests_; }
  int64_t failures() const { return failures_; }

 private:
  void ask(int port) {
    HttpClient client(fmt::format("http://127.0.0.1:{}", port));
    std::string path = fmt::format("/v1/models/{}:predict", kModel);
    for (size_t i = 0; !stopping_; ++i) {
      const std::vector<std::string>& bodies = *bodies_.load();
      Result<HttpReply> reply = client.post(path, bodies[i % bodies.size()]);
      ++requests_;
      if (!reply.ok() || reply->status != 200) ++failures_;
    }
  }

  std::atomic<const std::vector<std::string>*> bodies_;
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> requests_{0}, failures_{0};
  std::thread thread_;
};

// Asks again and again, for at most `seconds`, until `done` says so.
template <typename Done>
bool wait_until(double seconds, Done&& done) {
  SteadyClock::time_point begin = SteadyClock::now();
  while (seconds_since(begin) < seconds) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

class Teller {
 public:
  Teller(const StoryOptions& options, const std::function<void(const std::string&)>& say)
      : options_(options), say_(say) {}

  Result<Story> tell() {
    RETURN_IF_ERROR(load());
    RETURN_IF_ERROR(train());
    RETURN_IF_ERROR(make_smaller());
    RETURN_IF_ERROR(convert());
    RETURN_IF_ERROR(serve());
    return story_;
  }

 private:
  Status load() {
    say_("Looking for handwritten digits");
    Places places = system_places(options_.data);
    if (!options_.allow_download) places.remote.reset();
    data_ = TRY(load_digits(places));
    story_.source = data_.source;
    recipe_ = TRY(train::parse_recipe(kRecipe, "recipes/digits.toml", {}));
    std::error_code ignored;
    std::filesystem::remove_all(options_.out / "store", ignored);
    RETURN_IF_ERROR(make_directories(options_.out));
    store_ = TRY(Store::open(options_.out / "store", true));
    return {};
  }

  Status train() {
    say_(fmt::format("Training 784-128-10 on {} examples, {} epochs", data_.train.size(), recipe_.trainer.epochs));
    Graph model = TRY(train::build_model(recipe_.layers, data_.train, recipe_.trainer.seed));
    SteadyClock::time_point begin = SteadyClock::now();
    auto trainer = TRY(train::Trainer::create(std::move(model), data_.train, std::nullopt, recipe_.trainer));
    RETURN_IF_ERROR(train::fit(*trainer, recipe_.fit).status());
    story_.training_seconds = seconds_since(begin);
    trained_ = TRY(trainer->model());
    return {};
  }

  Status make_smaller() {
    say_("Pruning half of the weights, training on, quantizing to int8");
    OptimizeOptions options;
    options.prune = 0.5;
    options.evaluate = [this](const Graph& g) -> Result<Score> {
      const double right = TRY(accuracy(g));
      return Score{"accuracy", right};
    };
    options.fine_tune = [this](const Graph& pruned, const Masks& masks) {
      train::TrainerOptions training = recipe_.trainer;
      training.epochs = 2;
      training.training.optimizer.learning_rate *= 0.5;
      return train::fine_tune(pruned, masks, data_.train, training);
    };
    SystemClock clock;
    Optimized pruned = TRY(optimize_model(trained_, options, clock));
    RETURN_IF_ERROR(publish("fp32", trained_, pruned.report.steps.front()));
    RETURN_IF_ERROR(publish("pruned 50 %", pruned.graph, pruned.report.steps.back()));
    options.prune = 0;
    options.fine_tune = nullptr;
    options.quantize = "static";
    options.pass.samples = {{scaled_inputs(data_.train, 1000)}};
    Optimized small = TRY(optimize_model(pruned.graph, options, clock));
    int8_ = small.graph;
    return publish("pruned 50 %, int8", int8_, small.report.steps.back());
  }

  Result<double> accuracy(const Graph& graph) {
    train::Evaluation e = TRY(train::evaluate_model(graph, recipe_.trainer.training.loss, data_.test));
    return *e.accuracy;
  }

  Status publish(const std::string& name, const Graph& graph, const Measurement& measured) {
    train::PublishNotes notes;
    notes.metrics = Json::object(
        {{"accuracy", measured.score->value}, {"bytes", measured.bytes}, {"latency_us", measured.latency_us}});
    notes.recipe = kRecipe;
    notes.made_by = "slipway quickstart";
    notes.note = name;
    notes.held_out = &data_.test;
    int64_t version = TRY(train::publish(*store_, kModel, graph, &data_.train, notes));
    story_.versions.push_back({name, version, measured.score->value, measured.bytes, measured.latency_us});
    return {};
  }

  Status convert() {
    say_("Converting to ONNX and TFLite, and comparing the answers");
    Tensor x = scaled_inputs(data_.test, 256);
    VerifyOptions verify;
    verify.data = {{x}};
    for (auto [extension, to] :
         {std::pair("onnx", &story_.onnx_difference), std::pair("tflite", &story_.tflite_difference)}) {
      std::filesystem::path path = options_.out / fmt::format("digits.{}", extension);
      RETURN_IF_ERROR(write_converted(trained_, path));
      Graph back = TRY(read_model(path));
      VerifyReport report = TRY(verify_conversion(trained_, back, verify));
      *to = report.outputs[0].max_absolute;
    }
    return {};
  }

  Status serve() {
    say_("Serving; clients ask without a pause");
    normal_ = request_bodies(scaled_inputs(data_.test, 1000));
    Tensor shifted = brightened(scaled_inputs(data_.test, 1000), 0.35f);
    drifted_ = request_bodies(shifted);
    LiveOptions live;
    live.root = store_->root();
    live.server.http.port = 0;
    live.server.http.address = "127.0.0.1";
    live_ = TRY(Live::start(live));
    Traffic traffic(live_->server().port(), normal_);
    RETURN_IF_ERROR(break_and_repair(traffic));
    RETURN_IF_ERROR(drift(traffic));
    traffic.stop();
    story_.requests = traffic.requests();
    story_.failures = traffic.failures();
    live_->stop();
    return {};
  }

  // A version whose last layer never got its trained weights, as when a checkpoint is copied by halves.
  Graph sick_model() const {
    Graph sick = trained_;
    Random random(99);
    for (size_t v = 0; v < sick.value_count(); ++v) {
      Value& value = sick.value({static_cast<int32_t>(v)});
      if (!value.data.defined() || value.data.rank() != 2 || value.data.dim(1) != 10) continue;
      value.data = value.data.clone();
      for (float& w : value.data.mutable_data<float>()) w = static_cast<float>(0.2 * random.normal());
    }
    return sick;
  }

  Status break_and_repair(Traffic& traffic) {
    wait_until(10, [&] { return traffic.requests() >= 5000; });
    say_("Publishing a sick version: its last layer lost its trained weights");
    train::PublishNotes notes;
    notes.note = "sick";
    notes.made_by = "slipway quickstart";
    notes.held_out = &data_.test;
    story_.sick_version = TRY(train::publish(*store_, kModel, sick_model(), &data_.train, notes));
    live_->server().models().refresh();
    auto serving = [&] { return live_->server().models().serving_version(kModel); };
    if (!wait_until(20, [&] { return serving() == story_.sick_version; })) {
      return internal("the sick version was not loaded within 20 s");
    }
    int64_t asked = traffic.requests();
    SteadyClock::time_point after_500 = SteadyClock::now();
    bool seen_500 = false;
    bool gone = wait_until(60, [&] {
      if (!seen_500 && traffic.requests() - asked >= 500) {
        seen_500 = true;
        after_500 = SteadyClock::now();
      }
      return serving() != story_.sick_version;
    });
    story_.sick_answers = traffic.requests() - asked;
    if (!gone) return {};
    story_.rollback_seconds = seen_500 ? seconds_since(after_500) : 0;
    for (const Repair& repair : live_->healer()->repairs()) {
      if (repair.remedy == "rollback") story_.sick_cause = repair.cause.summary;
    }
    say_("Rolled back; watching whether the symptom is gone");
    story_.repair_closed = wait_until(20, [&] {
      for (const Repair& repair : live_->healer()->repairs()) {
        if (repair.remedy == "rollback" && repair.state == Repair::State::closed) return true;
      }
      return false;
    });
    return {};
  }

  const Cause* shifted_input(const Diagnosis& diagnosis) const {
    const Cause* cause = diagnosis.likeliest(kModel, live_->server().models().serving_version(kModel));
    return cause != nullptr && cause->kind == CauseKind::shifted_input ? cause : nullptr;
  }

  Status drift(Traffic& traffic) {
    say_("Brightening what the clients send");
    int64_t before = live_->server().models().serving_version(kModel);
    traffic.send(drifted_);
    wait_until(30, [&] {
      Diagnosis diagnosis = live_->healer()->diagnosis();
      const Cause* cause = shifted_input(diagnosis);
      if (cause != nullptr) story_.drift_cause = cause->summary;
      return cause != nullptr;
    });
    // Time enough for a wrong rollback, if there were to be one.
    wait_until(3, [&] { return live_->server().models().serving_version(kModel) != before; });
    story_.drift_rolled_back = live_->server().models().serving_version(kModel) != before;
    say_("Sending as before; waiting for the alarms to clear");
    traffic.send(normal_);
    story_.drift_recovered = wait_until(40, [&] { return shifted_input(live_->healer()->diagnosis()) == nullptr; });
    return {};
  }

  const StoryOptions& options_;
  const std::function<void(const std::string&)>& say_;
  Story story_;
  DataPair data_;
  train::Recipe recipe_;
  std::optional<Store> store_;
  Graph trained_;
  Graph int8_;
  std::vector<std::string> normal_, drifted_;
  std::unique_ptr<Live> live_;
};

}  // namespace

Json to_json(const Story& s) {
  Json versions = Json::array();
  for (const StoryVersion& v : s.versions) {
    versions.push(Json::object({{"name", v.name},
                                {"version", v.version},
                                {"accuracy", v.accuracy},
                                {"bytes", v.bytes},
                                {"latency_us", v.latency_us}}));
  }
  return Json::object({{"data", s.source},
                       {"training_seconds", s.training_seconds},
                       {"versions", versions},
                       {"onnx_difference", s.onnx_difference},
                       {"tflite_difference", s.tflite_difference},
                       {"requests", s.requests},
                       {"failures", s.failures},
                       {"sick_version", s.sick_version},
                       {"sick_answers", s.sick_answers},
                       {"rollback_seconds", s.rollback_seconds},
                       {"sick_cause", s.sick_cause},
                       {"repair_closed", s.repair_closed},
                       {"drift_cause", s.drift_cause},
                       {"drift_rolled_back", s.drift_rolled_back},
                       {"drift_recovered", s.drift_recovered}});
}

Result<Story> tell_story(const StoryOptions& options, const std::function<void(const std::string&)>& say) {
  return Teller(options, say).tell();
}

}  // namespace slipway
