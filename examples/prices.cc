// Asks a model for numbers and classes of raw rows: slipway train recipes/prices.toml --data houses.csv -o houses.onnx
//   prices houses.onnx new.csv
#include <cstdio>

#include "slipway/predictor.h"

int main(int argc, char** argv) {
  using namespace slipway;
  if (argc < 3) return std::puts("prices MODEL DATA..."), 2;
  Result<Predictor> predictor = Predictor::load(argv[1]);
  if (!predictor.ok()) return std::puts(predictor.status().message().c_str()), 1;
  for (const RawColumn& column : predictor->inputs()) {
    std::printf("takes %s: %s\n", column.name.c_str(), column.kind.c_str());
  }
  Status answered = predictor->predict_files({argv + 2, argv + argc}, [](const Answer& answer) {
    std::printf("%s: %s %g\n", answer.row.c_str(), answer.prediction.c_str(),
                static_cast<double>(answer.prediction.empty() ? answer.scores[0] : answer.score));
    return Status();
  });
  if (!answered.ok()) return std::puts(answered.message().c_str()), 1;
  return 0;
}
