#include "tools/command/profile_sums.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

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
  Thread& thread = ThisThread();
  if (events_.size() < most_events_) {
    events_.push_back({record, static_cast<std::size_t>(&thread - seen_.data())});
  } else {
    events_fit_ = false;
  }
  threads_ = std::max(threads_, record.threads);

  const std::string_view operation = record.operation;
  if (operation == nn::kLayerForward) return AddTo(layers_[record.layer].by_direction[kForwards], record, thread);
  if (operation == nn::kLayerBackward) return AddTo(layers_[record.layer].by_direction[kBackwards], record, thread);
  if (operation == nn::kLayerGradients) return AddTo(layers_[record.layer].by_direction[kOfParameters], record, thread);
  if (operation == nn::kLoss) return AddTo(loss_, record, thread);
  if (operation == nn::kOptimizerPiece) return AddTo(optimizer_, record, thread);
  if (operation == nn::kSelectBatch) return AddTo(data_, record, thread);
  // What these enclose has been added already.
  if (operation == nn::kForward || operation == nn::kBackward || operation == nn::kOptimizerStep) return;
  if (operation == nn::kGemm) {
    thread.inner.gemm += record.nanoseconds;
    thread.inner.multiplications += record.elements;
    return;
  }
  thread.inner.mask += record.mask_nanoseconds;
  thread.inner.apply += record.nanoseconds - record.mask_nanoseconds;
}

ProfileSums::Thread& ProfileSums::ThisThread() {
  const std::thread::id id = std::this_thread::get_id();
  const auto found = std::ranges::find(seen_, id, &Thread::id);
  return found != seen_.end() ? *found : seen_.emplace_back(Thread{id, {}});
}

void ProfileSums::AddTo(Times& sum, const CallRecord& record, Thread& thread) {
  Times times = std::exchange(thread.inner, {});
  times.total = record.nanoseconds;
  sum += times;
}

}  // namespace fallow::tools
