#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "platform/standard_streams.h"

namespace pawl::platform {

void fill_standard_streams() {
  // In this order each open() gives the lowest number, the one that is missing.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    if (stream == STDERR_FILENO && ::open("/dev/null", O_WRONLY) >= 0) continue;
    // A folder is always there, and cannot be read or written as a file.
    if (::open("/", O_RDONLY | O_DIRECTORY) < 0) return;
  }
}

Status close_standard_output() {
  const bool failed_before = std::ferror(stdout) != 0;
  errno = 0;
  const bool closed = std::fclose(stdout) == 0;
  const int error = errno;
  if (closed && !failed_before) return {};
  std::string message = "cannot write standard output";
  if (!closed && error != 0) {
    message += ": " + std::error_code(error, std::generic_category()).message();
  }
  return Error{Code::kIo, std::move(message)};
}

bool standard_error_failed() {
  return std::ferror(stderr) != 0;
}

}  // namespace pawl::platform
