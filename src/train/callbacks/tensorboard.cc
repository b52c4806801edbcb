// Numbers for TensorBoard.
#include <optional>

#include "train/callbacks/callback_card.h"
#include "train/tensorboard.h"

namespace slipway::train {

namespace {

class TensorBoard final : public Callback {
 public:
  TensorBoard(std::filesystem::path folder, const Clock& clock) : folder_(std::move(folder)), clock_(clock) {}
  Status on_epoch(const EpochResult& epoch, bool replayed) override {
    if (replayed) return {};
    double now = static_cast<double>(clock_.now_us()) / 1e6;
    if (!file_) file_ = TRY(EventFile::create(folder_, now));
    std::vector<std::pair<std::string, double>> scalars = numbers_of(epoch);
    std::erase_if(scalars, [](const auto& scalar) { return scalar.first == "epoch" || scalar.first == "steps"; });
    return file_->add(now, epoch.epoch, scalars);
  }

 private:
  std::filesystem::path folder_;
  const Clock& clock_;
  std::optional<EventFile> file_;
};

MadeCallback make(const CallbackOptions& o, Trainer&, const Clock& clock) {
  return std::unique_ptr<Callback>(o.tensorboard.empty() ? nullptr : new TensorBoard(o.tensorboard, clock));
}

}  // namespace

CALLBACK(tensorboard) = {
    .name = "tensorboard",
    .doc = "Writes the numbers of every epoch into this folder, as event files that TensorBoard shows.",
    .path = &CallbackOptions::tensorboard,
    .make = make,
};

}  // namespace slipway::train
