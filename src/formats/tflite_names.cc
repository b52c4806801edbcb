// Pairs of names.
#include "formats/tflite_names.h"

namespace slipway {

std::span<const TfliteName> tflite_names() {
  static constexpr TfliteName kNames[] = {
      {"ABS", "Abs"},
      {"ADD", "Add"},
      {"CEIL", "Ceil"},
      {"COS", "Cos"},
      {"DIV", "Div"},
      {"ELU", "Elu"},
      {"EQUAL", "Equal"},
      {"EXP", "Exp"},
      {"FLOOR", "Floor"},
      {"GREATER", "Greater"},
      {"GREATER_EQUAL", "GreaterOrEqual"},
      {"HARD_SWISH", "HardSwish"},
      {"LESS", "Less"},
      {"LESS_EQUAL", "LessOrEqual"},
      {"LOG", "Log"},
      {"LOGICAL_AND", "And"},
      {"LOGICAL_NOT", "Not"},
      {"LOGICAL_OR", "Or"},
      {"LOGISTIC", "Sigmoid"},
      {"LOG_SOFTMAX", "LogSoftmax"},
      {"MAXIMUM", "Max"},
      {"MINIMUM", "Min"},
      {"MUL", "Mul"},
      {"NEG", "Neg"},
      {"POW", "Pow"},
      {"RELU", "Relu"},
      {"ROUND", "Round"},
      {"SELECT_V2", "Where"},
      {"SIGN", "Sign"},
      {"SIN", "Sin"},
      {"SQRT", "Sqrt"},
      {"SUB", "Sub"},
      {"TANH", "Tanh"},
  };
  return kNames;
}

}  // namespace slipway
