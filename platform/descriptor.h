// A file descriptor, owned: closed when the object ends. POSIX only, for the *_posix.cpp files.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "platform/result.h"

namespace pawl::platform {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }

  // False if the system reports a late write error; the descriptor is gone either way.
  bool close() { return fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

// "cannot <action> <path>: No such file or directory", of the errno given.
inline Error system_error(const char* action, const std::string& path, int error_number) {
  const Code code = error_number == ENOENT ? Code::kNotFound : Code::kIo;
  return Error{code, std::string("cannot ") + action + " " + path + ": " +
                         std::error_code(error_number, std::generic_category()).message()};
}

}  // namespace pawl::platform
