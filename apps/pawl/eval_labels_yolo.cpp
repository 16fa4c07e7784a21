// YOLO labels: numbers, a line a box.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "apps/pawl/eval_labels.h"

namespace pawl::program {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

constexpr size_t kNumbersMax = size_t{1} << 16;  // a polygon of thirty thousand corners
constexpr const char* kSpace = " \t\v\f";

// As Python's float() reads it, less NaN and infinities.
Result<float> to_number(std::string_view word) {
  std::string_view digits = word;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  double value = 0.0;
  const char* end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, value);
  if (failure == std::errc{} && stop == end && std::isfinite(value)) {
    return static_cast<float>(value);
  }
  return Error{Code::kCorrupt,
               "not a number: " + std::string(word.substr(0, 40)) +
                   (word.find_first_of(",;") == std::string_view::npos
                        ? ""
                        : "; numbers have spaces between them and a point for the decimals")};
}

Status parse_numbers(std::string_view line, std::vector<float>* numbers) {
  numbers->clear();
  while (true) {
    const size_t start = line.find_first_not_of(kSpace);
    if (start == std::string_view::npos) return {};
    line.remove_prefix(start);
    const std::string_view word = line.substr(0, line.find_first_of(kSpace));
    if (numbers->size() == kNumbersMax) return Error{Code::kCorrupt, "too many numbers"};
    numbers->push_back(PAWL_TRY(to_number(word)));
    line.remove_prefix(word.size());
  }
}

// class cx cy w h, or class and a polygon's corners.
Result<TruthBox> to_box(const std::vector<float>& numbers) {
  const size_t coordinates = numbers.size() - 1;
  if (coordinates == 5) {
    return Error{Code::kCorrupt,
                 "six numbers: detections with a score? labels are class cx cy w h"};
  }
  if (coordinates < 4 || coordinates % 2 != 0) {
    return Error{Code::kCorrupt, "expected: class cx cy w h (shares of the image's size)"};
  }
  const float class_number = numbers[0];
  if (class_number < 0.0F || class_number > 65535.0F || class_number != std::floor(class_number)) {
    return Error{Code::kCorrupt, "the class is not a whole number"};
  }
  for (size_t i = 1; i < numbers.size(); ++i) {
    if (numbers[i] < -1.0F || numbers[i] > 2.0F) {
      return Error{Code::kCorrupt, "coordinates must be shares of the image's size, 0 to 1"};
    }
  }
  TruthBox box;
  box.class_id = static_cast<int32_t>(class_number);
  if (coordinates == 4) {
    if (numbers[3] < 0.0F || numbers[4] < 0.0F) return Error{Code::kCorrupt, "negative size"};
    box.x1 = numbers[1] - numbers[3] / 2.0F;
    box.y1 = numbers[2] - numbers[4] / 2.0F;
    box.x2 = numbers[1] + numbers[3] / 2.0F;
    box.y2 = numbers[2] + numbers[4] / 2.0F;
    return box;
  }
  box.x1 = box.x2 = numbers[1];
  box.y1 = box.y2 = numbers[2];
  for (size_t i = 3; i + 1 < numbers.size(); i += 2) {
    box.x1 = std::min(box.x1, numbers[i]);
    box.x2 = std::max(box.x2, numbers[i]);
    box.y1 = std::min(box.y1, numbers[i + 1]);
    box.y2 = std::max(box.y2, numbers[i + 1]);
  }
  return box;
}

}  // namespace

Result<std::vector<TruthBox>> parse_yolo(std::string_view text) {
  std::vector<TruthBox> boxes;
  std::vector<float> numbers;
  for (int line_number = 1; !text.empty(); ++line_number) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    text.remove_prefix(text.starts_with("\r\n") ? 2 : std::min<size_t>(1, text.size()));
    const std::string where = "line " + std::to_string(line_number);
    PAWL_TRY(parse_numbers(line, &numbers).context(where));
    if (numbers.empty()) continue;
    boxes.push_back(PAWL_TRY(to_box(numbers).context(where)));
  }
  return boxes;
}

}  // namespace pawl::program
