// A number of bytes that many may hold together, and no more.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace genledger {

// Thread safe.
class ByteBudget {
 public:
  // So many are free for everybody, and not counted: what is small always gets through.
  static constexpr size_t kFreeBytes = size_t{16} * 1024;

  explicit ByteBudget(size_t bytes_max) : bytes_max_(bytes_max) {}

  // What one holder has taken; it goes back when this ends. Not thread safe.
  class Share {
   public:
    explicit Share(std::shared_ptr<ByteBudget> budget) : budget_(std::move(budget)) {}
    ~Share() { budget_->taken_ -= held_; }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // Whether it holds `bytes` in all from now on; if not, it holds what it held. Whoever is alone
    // gets what it asks for, so that nothing is too large for ever.
    bool GrowTo(size_t bytes);

   private:
    const std::shared_ptr<ByteBudget> budget_;
    size_t held_ = 0;
  };

 private:
  const size_t bytes_max_;
  std::atomic<size_t> taken_{0};
};

}  // namespace genledger
