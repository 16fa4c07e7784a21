// One line when a session's device does not run its plan, and the CPU does.
#pragma once

#include <cstdio>

#include "engine/runtime/session.h"

namespace pawl::program {

class DeviceNotice {
 public:
  explicit DeviceNotice(const char* command) : command_(command) {}

  // On standard error, the first time there is something to say.
  void check(const engine::Session& session) {
    if (said_ || session.device_fault().empty()) return;
    said_ = true;
    std::fprintf(stderr, "pawl %s: warning: %s; the artifact's plan for the CPU runs instead\n",
                 command_, session.device_fault().c_str());
  }

 private:
  const char* command_;
  bool said_ = false;
};

}  // namespace pawl::program
