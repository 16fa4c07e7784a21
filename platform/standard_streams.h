// The three streams that a program is started with. For programs; from main's thread.
#pragma once

#include "platform/result.h"

namespace pawl::platform {

// Where one of them is closed, the next file to be opened would get its number, and text meant for
// the stream would go into that file. Puts something there first: reading from it and writing to
// standard output fail, what goes to standard error is dropped.
void fill_standard_streams();

// Ends standard output. An error where anything that was printed, ever, did not get there.
Status close_standard_output();

// Whether anything printed to standard error did not get there.
bool standard_error_failed();

}  // namespace pawl::platform
