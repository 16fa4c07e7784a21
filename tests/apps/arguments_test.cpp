// Proves which texts are sizes: two whole numbers with an x between, each from 1 to 16384, and
// nothing around them; anything else is an error that names the option and shows the text.
#include "apps/pawl/arguments.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>

namespace pawl::program {
namespace {

std::string error_of(const std::string& text) {
  try {
    parse_size("--input", text);
  } catch (const CLI::ValidationError& error) {
    return error.what();
  }
  return "";
}

TEST(Arguments, SizesAreTwoNumbers) {
  const engine::InputSize size = parse_size("--input", "640x384");
  EXPECT_EQ(size.width, 640);
  EXPECT_EQ(size.height, 384);
  EXPECT_EQ(parse_size("--input", "1x16384").height, 16384);
  EXPECT_EQ(parse_size("--input", "16384x1").width, 16384);
  for (const char* const text : {"",
                                 "640",
                                 "x384",
                                 "640x",
                                 "640x384x3",
                                 "640X384",
                                 "640*384",
                                 " 640x384",
                                 "640x384 ",
                                 "640 x384",
                                 "0x384",
                                 "640x0",
                                 "-640x384",
                                 "640x-384",
                                 "16385x384",
                                 "640x16385",
                                 "6.4x384",
                                 "640x3.84",
                                 "99999999999999999999x1",
                                 "1x99999999999999999999",
                                 "axb"}) {
    const std::string error = error_of(text);
    EXPECT_NE(error.find("--input"), std::string::npos) << "'" << text << "': " << error;
    EXPECT_NE(error.find("640x384"), std::string::npos) << "'" << text << "': " << error;
  }
}

}  // namespace
}  // namespace pawl::program
