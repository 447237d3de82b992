// Which row each read and each duplicate is about.
#pragma once

#include <cstdint>
#include <numeric>

namespace genledger::bench {

// Visits every row once before any row twice, far apart from one call to the next. Immutable.
class RowSpread {
 public:
  // `rows` must be positive.
  explicit RowSpread(int64_t rows) : rows_(rows), step_(CoprimeStep(rows)) {}

  int64_t RowOf(int64_t index) const {
    // The product of two rows fits for stores of up to three thousand million.
    return (index % rows_) * step_ % rows_;
  }
  int64_t rows() const { return rows_; }

 private:
  // From the golden section on, so that neighbours in time are not neighbours on disk.
  static int64_t CoprimeStep(int64_t rows) {
    int64_t step = static_cast<int64_t>(static_cast<double>(rows) * 0.618) + 1;
    while (std::gcd(step, rows) != 1) {
      ++step;
    }
    return step;
  }

  int64_t rows_;
  int64_t step_;
};

}  // namespace genledger::bench
