// The signals that ask a program to end: SIGINT, SIGTERM and SIGHUP (left alone where it is
// ignored, as nohup has it).
//
// For programs: a library leaves its host's signals alone. One state a process; call from main's
// thread, stop_requested() from any.
#pragma once

#include <chrono>

namespace pawl::platform {

// The program ends as these signals end any, and also by SIGPIPE, but leaves no half-written file
// (output_file.h) behind. A file that outgrows its limit (SIGXFSZ) is a failed write instead.
void end_on_signals();

// From now on the first of them only makes stop_requested() true: work ends early, with its
// results. A second one ends the program as above.
void stop_on_signals();
bool stop_requested();

// Returns at `due`, or soon after a stop was requested.
void sleep_until_stop(std::chrono::steady_clock::time_point due);

}  // namespace pawl::platform
