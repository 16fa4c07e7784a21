// Result<T>: a value or an Error, and nothing thrown.
//
// Operating failures (disk, network, bad bytes) travel as Error; each level adds one phrase of
// context and the program prints the whole once. Bugs of ours go to PAWL_CHECK (platform/check.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace pawl::platform {

// What a caller may branch on. Everything else is in the message.
enum class Code : uint8_t {
  kInvalidArgument,  // the caller asked for something that cannot be
  kNotFound,         // no such file, node, device
  kCorrupt,          // bytes that break their format
  kUnsupported,      // well-formed, but not something this build or machine does
  kIo,               // the operating system refused
  kExhausted,        // a stated limit was reached
};

// `message` is one line: what failed, where, and what to do about it.
struct Error {
  Code code;
  std::string message;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Requires ok().
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }

  // Requires !ok().
  Error& error() & { return *std::get_if<1>(&state_); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

  // Prefixes the error, if there is one: "reading x.onnx: truncated".
  Result&& context(const std::string& where) && {
    if (!ok()) error().message = where + ": " + error().message;
    return std::move(*this);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const {}

  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

  Result&& context(const std::string& where) && {
    if (error_) error_->message = where + ": " + error_->message;
    return std::move(*this);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace pawl::platform

// Unwraps a Result or returns its Error from the enclosing function. Not to be nested.
#define PAWL_TRY(expression)                                      \
  __extension__({                                                 \
    auto pawl_result = (expression);                              \
    if (!pawl_result.ok()) return std::move(pawl_result).error(); \
    std::move(pawl_result).value();                               \
  })
