// ONNX backend test data: finding, running, comparing.
#include "convert/conformance.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "formats/format.h"
#include "formats/value_pb.h"
#include "graph/captures.h"
#include "runtime/session.h"

namespace slipway {

namespace {

namespace fs = std::filesystem;

CaseResult failed(std::string reason) { return {CaseOutcome::failed, std::move(reason), {}}; }

CaseResult from_status(const Status& status) {
  bool missing = status.code() == Code::unimplemented;
  return {missing ? CaseOutcome::unsupported : CaseOutcome::failed, status.message(), {}};
}

std::vector<fs::path> data_sets(const fs::path& folder) {
  std::vector<fs::path> sets;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with("test_data_set_")) sets.push_back(entry.path());
  }
  std::sort(sets.begin(), sets.end());
  return sets;
}

// input_0.pb, input_1.pb, …, each of its port's kind.
Result<std::vector<Tensor>> read_values(const fs::path& set, const std::string& kind, const std::vector<Port>& ports) {
  std::vector<Tensor> values;
  for (;;) {
    fs::path path = set / fmt::format("{}_{}.pb", kind, values.size());
    if (!fs::exists(path)) return values;
    DType dtype = values.size() < ports.size() ? ports[values.size()].dtype : DType::undefined;
    Result<Tensor> value = read_value_pb(TRY(read_file(path)), dtype);
    if (!value.ok()) return value.status().at(path.filename().string());
    values.push_back(*value);
  }
}

// Operators without a card, subgraphs included.
void missing_operators(const Graph& graph, std::set<std::string>& missing) {
  for (const Node& node : graph.nodes()) {
    if (node.op == nullptr) missing.insert(node.domain.empty() ? node.op_type : node.domain + "." + node.op_type);
    for (const auto& [name, body] : bodies(node)) missing_operators(*body, missing);
  }
}

// What keeps the graph from running, as an unsupported result.
std::optional<CaseResult> obstacle(const Graph& graph) {
  std::set<std::string> missing;
  missing_operators(graph, missing);
  if (!missing.empty()) {
    return CaseResult{CaseOutcome::unsupported,
                      fmt::format("no operator {}", fmt::join(missing, ", ")),
                      {missing.begin(), missing.end()}};
  }
  for (const auto& ports : {input_ports(graph), output_ports(graph)}) {
    for (const Port& port : ports) {
      if (port.dtype != DType::undefined) continue;
      return CaseResult{CaseOutcome::unsupported, fmt::format("\"{}\" is a map or a sparse tensor", port.name), {}};
    }
  }
  return std::nullopt;
}

// NumPy has no bfloat16, so the test data of ONNX 1.12 says uint16 for its bits.
Tensor as_declared(const Tensor& tensor, DType declared) {
  if (declared != DType::bf16 || tensor.dtype() != DType::u16) return tensor;
  auto bits = std::make_shared<Tensor>(tensor);
  return Tensor::view(DType::bf16, tensor.shape(), bits, bits->raw());
}

Status run_data_set(Session& session, const fs::path& set, const ConformanceOptions& options) {
  std::vector<Tensor> inputs = TRY(read_values(set, "input", session.inputs()));
  std::vector<Tensor> expected = TRY(read_values(set, "output", session.outputs()));
  for (size_t i = 0; i < inputs.size() && i < session.inputs().size(); ++i) {
    inputs[i] = as_declared(inputs[i], session.inputs()[i].dtype);
  }
  std::vector<Tensor> outputs = TRY(session.run(inputs));
  if (outputs.size() != expected.size()) {
    return invalid(fmt::format("{} outputs, but {} files of expected ones", outputs.size(), expected.size()));
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    RETURN_IF_ERROR(
        check_against(outputs[i], as_declared(expected[i], outputs[i].dtype()), options.relative, options.absolute)
            .at(fmt::format("output \"{}\"", session.outputs()[i].name)));
  }
  return {};
}

std::string element_text(const Tensor& tensor, int64_t i) {
  return to_string(tensor.reshaped({tensor.count()}).rows(i, i + 1), 1);
}

std::string encode(const CaseResult& result) {
  return Json::object({{"outcome", static_cast<int>(result.outcome)},
                       {"reason", result.reason},
                       {"operators", Json::array_of(result.operators)}})
      .dump();
}

CaseResult decode(const std::string& text) {
  Result<Json> json = Json::parse(text);
  if (!json.ok()) return failed("its process ended without a result");
  CaseResult result{static_cast<CaseOutcome>((*json)["outcome"].as_int()), (*json)["reason"].as_string(), {}};
  for (const Json& name : (*json)["operators"].items()) result.operators.push_back(name.as_string());
  return result;
}

// Everything the child writes until it closes the pipe; false when time is up first.
bool read_until_closed(int fd, int timeout_s, std::string& text) {
  char buffer[4096];
  for (;;) {
    pollfd wait{fd, POLLIN, 0};
    int ready = ::poll(&wait, 1, timeout_s * 1000);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n <= 0) return true;
    text.append(buffer, static_cast<size_t>(n));
  }
}

[[noreturn]] void run_child(int fd, const fs::path& folder, const ConformanceOptions& options) {
  std::string text = encode(run_conformance_case(folder, options));
  for (size_t done = 0; done < text.size();) {
    ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  ::_exit(0);
}

}  // namespace

Status check_against(const Tensor& found, const Tensor& expected, double relative, double absolute) {
  if (!is_tensor(expected.dtype())) {
    Difference items = TRY(compare(found, expected, relative, absolute));
    if (items.outside == 0) return {};
    return invalid(fmt::format("{} elements differ, most in item {}, by up to {:.3g} ({:.3g} relative)", items.outside,
                               items.where, items.max_absolute, items.max_relative));
  }
  if (!is_float(expected.dtype())) relative = absolute = 0;
  Difference d = TRY(compare(found, expected, relative, absolute));
  bool exact = is_float(expected.dtype()) || identical(found, expected);
  if (d.outside == 0 && exact) return {};
  if (d.where < 0) return invalid("integers differ beyond 2^53");
  return invalid(
      fmt::format("{} of {} elements differ, by up to {:.3g} ({:.3g} relative); element {}: expected {}, found {}",
                  d.outside, expected.count(), d.max_absolute, d.max_relative, d.where, element_text(expected, d.where),
                  element_text(found, d.where)));
}

Result<std::vector<fs::path>> find_conformance_cases(const fs::path& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) return not_found(fmt::format("{} is no folder", root.string()));
  std::vector<fs::path> cases;
  auto consider = [&](const fs::path& folder) {
    if (fs::exists(folder / "model.onnx") && !data_sets(folder).empty()) cases.push_back(folder);
  };
  consider(root);
  auto options = fs::directory_options::skip_permission_denied;
  for (auto it = fs::recursive_directory_iterator(root, options, error); it != fs::end(it); it.increment(error)) {
    if (it->is_directory(error)) consider(it->path());
  }
  std::sort(cases.begin(), cases.end());
  if (!cases.empty()) return cases;
  return not_found(fmt::format("{}: no folder below it has a model.onnx and a test_data_set_*", root.string()));
}

CaseResult run_conformance_case(const fs::path& folder, const ConformanceOptions& options) {
  Result<Graph> graph = read_model(folder / "model.onnx");
  if (!graph.ok()) return from_status(graph.status());
  if (std::optional<CaseResult> result = obstacle(*graph)) return *result;
  SessionOptions session_options;
  session_options.threads = options.threads;
  Result<std::unique_ptr<Session>> session = Session::create(std::move(graph).value(), session_options);
  if (!session.ok()) return from_status(session.status());
  for (const fs::path& set : data_sets(folder)) {
    Status status = run_data_set(**session, set, options).at(set.filename().string());
    if (!status.ok()) return from_status(status);
  }
  return {};
}

CaseResult run_conformance_case_apart(const fs::path& folder, const ConformanceOptions& options) {
  int ends[2];
  if (::pipe(ends) != 0) return failed(fmt::format("no pipe: {}", std::strerror(errno)));
  pid_t child = ::fork();
  if (child < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return failed(fmt::format("no process: {}", std::strerror(errno)));
  }
  if (child == 0) {
    ::close(ends[0]);
    run_child(ends[1], folder, options);
  }
  ::close(ends[1]);
  std::string text;
  bool in_time = read_until_closed(ends[0], options.timeout_s, text);
  ::close(ends[0]);
  if (!in_time) ::kill(child, SIGKILL);
  int state = 0;
  while (::waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return failed(fmt::format("no result after {} s", options.timeout_s));
  if (WIFSIGNALED(state)) {
    return failed(fmt::format("crashed: {} (signal {})", strsignal(WTERMSIG(state)), WTERMSIG(state)));
  }
  return decode(text);
}

}  // namespace slipway
