// Losses as data: names and arguments are Keras's.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace slipway {

// What training makes small. `Loss("huber")`, or a plain text where a Loss is wanted. A loss reads only the arguments
// that it takes.
struct Loss {
  Loss() = default;
  Loss(std::string name) : type(std::move(name)) {}
  Loss(const char* name) : type(name) {}

  std::string type = "sparse_categorical_crossentropy";
  double label_smoothing = 0;  // cross-entropies: labels y become y (1 - s) + s / classes
  double gamma = 2;            // focal losses: how much less an easy example counts
  double alpha = 0;            // focal losses: weight of class 1 (class 0: 1 - alpha), or of all classes; 0: none
  double delta = 1;            // huber: where it turns linear
  double margin = 1;           // contrastive, triplet
  // By class index: what an example of the class counts, for losses whose labels are classes. Empty: 1.
  std::vector<double> class_weight = {};
};

}  // namespace slipway
