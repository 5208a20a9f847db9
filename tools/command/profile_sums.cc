#include "tools/command/profile_sums.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "fallow/nn/profile.h"

namespace fallow::tools {
namespace {

std::int64_t Now() { return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

Times& Times::operator+=(const Times& times) {
  total += times.total;
  gemm += times.gemm;
  mask += times.mask;
  apply += times.apply;
  multiplications += times.multiplications;
  return *this;
}

ProfileSums::ProfileSums(const std::vector<std::string>& layers, std::size_t most_events)
    : sink_{&Record, this}, most_events_(most_events) {
  for (const std::string& spec : layers) layers_.push_back({spec, {}});
  events_.reserve(most_events);
}

void ProfileSums::Resume() {
  const std::lock_guard lock(mutex_);
  measuring_ = true;
  resumed_ = Now();
}

void ProfileSums::Pause() {
  const std::lock_guard lock(mutex_);
  if (measuring_) wall_ += Now() - resumed_;
  measuring_ = false;
}

void ProfileSums::EndStep() {
  const std::lock_guard lock(mutex_);
  ++steps_;
  if (!events_fit_) return;
  traced_steps_ = steps_;
  traced_events_ = events_.size();
}

void ProfileSums::Restart() {
  Pause();
  for (LayerTimes& layer : layers_) layer.by_direction = {};
  loss_ = optimizer_ = data_ = {};
  wall_ = 0;
  events_.clear();
  events_fit_ = true;
  steps_ = traced_steps_ = traced_events_ = 0;
  Resume();
}

Times ProfileSums::all() const {
  Times sum;
  for (const LayerTimes& layer : layers_) {
    for (const Times& times : layer.by_direction) sum += times;
  }
  sum += loss_;
  sum += optimizer_;
  sum += data_;
  return sum;
}

void ProfileSums::Record(void* context, const CallRecord& record) noexcept {
  static_cast<ProfileSums*>(context)->Add(record);
}

void ProfileSums::Add(const CallRecord& record) {
  const std::lock_guard lock(mutex_);
  if (!measuring_) return;
  if (events_.size() < most_events_) {
    events_.push_back({record, ThisThread()});
  } else {
    events_fit_ = false;
  }
  threads_ = std::max(threads_, record.threads);

  const std::string_view operation = record.operation;
  if (record.spec != nullptr) return AddToLayer(record);
  if (operation == nn::kLoss) loss_.total += record.thread_nanoseconds;
  if (operation == nn::kOptimizerPiece) optimizer_.total += record.thread_nanoseconds;
  if (operation == nn::kSelectBatch) data_.total += record.thread_nanoseconds;
}

void ProfileSums::AddToLayer(const CallRecord& record) {
  const std::string_view operation = record.operation, pass = record.pass;
  const Direction direction = pass == nn::kLayerForward    ? kForwards
                              : pass == nn::kLayerBackward ? kBackwards
                                                           : kOfParameters;
  Times& times = layers_[record.layer].by_direction[direction];
  if (operation == pass) {
    times.total += record.thread_nanoseconds;
  } else if (operation == nn::kGemm) {
    times.gemm += record.thread_nanoseconds;
    times.multiplications += record.elements;
  } else if (operation != nn::kProductInParts && operation != nn::kRowsInParts) {
    times.mask += record.mask_nanoseconds;
    times.apply += record.thread_nanoseconds - record.mask_nanoseconds;
  }
}

std::size_t ProfileSums::ThisThread() {
  const std::thread::id id = std::this_thread::get_id();
  const auto found = std::ranges::find(seen_, id);
  if (found != seen_.end()) return static_cast<std::size_t>(found - seen_.begin());
  seen_.push_back(id);
  return seen_.size() - 1;
}

}  // namespace fallow::tools
