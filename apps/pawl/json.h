// JSON as the commands write it: keys in the order given, numbers without meaningless digits.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

namespace pawl::program {

using Json = nlohmann::ordered_json;

// `value` with `digits` decimals; null where it is not finite.
inline Json rounded(double value, int digits) {
  if (!std::isfinite(value)) return nullptr;
  const double scale = std::pow(10.0, digits);
  return std::round(value * scale) / scale;
}

// Text from files may not be UTF-8: bad bytes become U+FFFD instead of an exception.
inline std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}
inline std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace pawl::program
