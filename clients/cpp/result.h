// A value, or the Error that stands in its place.
#pragma once

#include <utility>
#include <variant>

#include "clients/cpp/error.h"

namespace genledger::client {

// Ask ok() first: value() of an error and error() of a value are bugs of the caller and throw
// std::bad_variant_access.
template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit, so that a function returns either.
  Result(T value) : content_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : content_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(content_); }

  const T& value() const& { return std::get<T>(content_); }
  T& value() & { return std::get<T>(content_); }
  T&& value() && { return std::get<T>(std::move(content_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const Error& error() const { return std::get<Error>(content_); }

 private:
  std::variant<T, Error> content_;
};

}  // namespace genledger::client
