#include "platform/imaging/draw.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <vector>

namespace pawl::platform {
namespace {

constexpr int kLongSideMin = 640;
constexpr size_t kTextMax = 60;
constexpr int kFont = cv::FONT_HERSHEY_DUPLEX;
constexpr double kFontHeight = 22.0;  // of capitals at scale 1, pixels

// BGR. Okabe and Ito, "Color Universal Design" (2008), without black: told apart with any form of
// colour blindness.
struct Colour {
  double b, g, r;
  cv::Scalar scalar() const { return {b, g, r}; }
  // Rec. 601 luma: black letters on light plates, white on dark ones.
  cv::Scalar letters() const {
    return 0.114 * b + 0.587 * g + 0.299 * r > 125.0 ? cv::Scalar(0, 0, 0)
                                                     : cv::Scalar(255, 255, 255);
  }
};
constexpr std::array<Colour, 7> kPalette = {{
    {0, 94, 213},     // vermilion
    {233, 180, 86},   // sky blue
    {66, 228, 240},   // yellow
    {115, 158, 0},    // bluish green
    {167, 121, 204},  // reddish purple
    {178, 114, 0},    // blue
    {0, 159, 230},    // orange
}};

Colour colour_of(int32_t number) {
  return kPalette[static_cast<size_t>(std::max(0, number)) % kPalette.size()];
}

// Everything that follows from the picture's size.
struct Measures {
  int line;          // box outline, pixels
  int halo;          // dark rim on either side of the outline
  double scale;      // of the font
  int letter_line;   // thickness of letters
  int margin;        // around the letters in a plate
  int small_height;  // a box below this can vanish under a plate

  explicit Measures(const cv::Size& size) {
    const double side = std::sqrt(static_cast<double>(size.width) * size.height);
    line = std::max(2, static_cast<int>(std::lround(side / 360.0)));
    halo = std::max(1, line / 3);
    const double letters = std::max(12.0, side / 56.0);
    scale = letters / kFontHeight;
    letter_line = std::max(1, static_cast<int>(std::lround(letters / 14.0)));
    margin = std::max(3, static_cast<int>(std::lround(letters * 0.35)));
    small_height = static_cast<int>(std::lround(letters * 4.0));
  }
};

std::string ascii(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    if (shown.size() == kTextMax) return shown + "...";
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x80 && code < 0xC0) continue;  // a continuation byte of UTF-8
    shown.push_back(code < 0x20 || code >= 0x7F ? '?' : c);
  }
  return shown;
}

struct Box {
  cv::Rect outline;
  Colour colour;
  std::string text;
};

// Around the box, not on it: of a small defect nothing is hidden.
void draw_outline(cv::Mat* picture, const Box& box, const Measures& measures) {
  const int out = measures.line / 2 + measures.halo;
  const cv::Rect around(box.outline.x - out, box.outline.y - out, box.outline.width + 2 * out,
                        box.outline.height + 2 * out);
  cv::rectangle(*picture, around, cv::Scalar(20, 20, 20), measures.line + 2 * measures.halo);
  cv::rectangle(*picture, around, box.colour.scalar(), measures.line);
}

// Moves a plate into the picture.
cv::Rect inside(cv::Rect plate, const cv::Size& size) {
  plate.x = std::clamp(plate.x, 0, std::max(0, size.width - plate.width));
  plate.y = std::clamp(plate.y, 0, std::max(0, size.height - plate.height));
  return plate;
}

// What a plate must not lie on: other plates at any price, other boxes where they are small enough
// to vanish under it.
struct Obstacles {
  std::vector<cv::Rect> plates;
  std::vector<cv::Rect> small_boxes;
};

bool clear_of(const cv::Rect& place, const std::vector<cv::Rect>& others) {
  return std::none_of(others.begin(), others.end(),
                      [&place](const cv::Rect& other) { return (place & other).area() > 0; });
}

// Above the box, below it, beside it, within it: the first place that hides nothing, else the first
// that hides no plate.
cv::Rect place_plate(const Box& box, const cv::Size& plate, const cv::Size& size,
                     const Measures& measures, const Obstacles& obstacles) {
  const int rim = measures.line + 2 * measures.halo;
  const int left = box.outline.x - rim;
  const int right = box.outline.x + box.outline.width + rim - plate.width;
  const int above = box.outline.y - rim - plate.height;
  const int below = box.outline.y + box.outline.height + rim;
  const int before = left - plate.width;
  const int after = right + plate.width;
  const int top = box.outline.y;
  const int bottom = box.outline.y + box.outline.height - plate.height;
  const std::array<cv::Point, 10> corners = {{{left, above},
                                              {left, below},
                                              {right, above},
                                              {right, below},
                                              {after, top},
                                              {before, top},
                                              {left, top},
                                              {right, top},
                                              {left, bottom},
                                              {right, bottom}}};
  std::optional<cv::Rect> second_best;
  for (const cv::Point& corner : corners) {
    // Moved sideways into the picture if need be, but not onto the box.
    const cv::Rect wanted(corner, plate);
    const cv::Rect place = inside(wanted, size);
    const bool beside = corner.x == before || corner.x == after;
    if (place.y != wanted.y || (beside && place.x != wanted.x)) continue;
    if (!clear_of(place, obstacles.plates)) continue;
    if (clear_of(place, obstacles.small_boxes)) return place;
    if (!second_best) second_best = place;
  }
  return second_best.value_or(inside({corners[0], plate}, size));
}

void draw_plate(cv::Mat* picture, const Box& box, const Measures& measures, Obstacles* obstacles) {
  if (box.text.empty()) return;
  int below_line = 0;
  const cv::Size text =
      cv::getTextSize(box.text, kFont, measures.scale, measures.letter_line, &below_line);
  const cv::Size plate(text.width + 2 * measures.margin,
                       text.height + below_line / 2 + 2 * measures.margin);
  const cv::Rect place = place_plate(box, plate, picture->size(), measures, *obstacles);
  obstacles->plates.push_back(place);
  cv::rectangle(*picture, place, box.colour.scalar(), cv::FILLED);
  cv::rectangle(*picture, place, cv::Scalar(20, 20, 20), 1);
  const cv::Point start(place.x + measures.margin, place.y + measures.margin + text.height);
  cv::putText(*picture, box.text, start, kFont, measures.scale, box.colour.letters(),
              measures.letter_line, cv::LINE_AA);
}

cv::Mat enlarged(const Image& image, int* factor) {
  // The copy below does not write to the source; Mat has no const view.
  const cv::Mat source(image.height, image.width, CV_8UC3,
                       const_cast<uint8_t*>(image.pixels.data()),
                       static_cast<size_t>(image.stride));
  const int side = std::max({1, image.width, image.height});
  *factor = std::max(1, (kLongSideMin + side - 1) / side);
  if (side >= kLongSideMin) *factor = 1;
  if (*factor == 1) return source.clone();
  cv::Mat picture;
  cv::resize(source, picture, {}, *factor, *factor, cv::INTER_CUBIC);
  return picture;
}

}  // namespace

Result<Image> draw_marks(const Image& image, std::span<const Mark> marks) {
  try {
    int factor = 1;
    cv::Mat picture = enlarged(image, &factor);
    const Measures measures(picture.size());
    std::vector<Box> boxes;
    for (const Mark& mark : marks) {
      const auto at = [factor](float v, int32_t limit) {
        // Not a number compares false and becomes 0.
        const float kept = v > 0.0F ? std::min(v, static_cast<float>(limit)) : 0.0F;
        return static_cast<int>(std::lround(kept * static_cast<float>(factor)));
      };
      const cv::Rect outline(cv::Point(at(mark.x1, image.width), at(mark.y1, image.height)),
                             cv::Point(at(mark.x2, image.width), at(mark.y2, image.height)));
      boxes.push_back({outline, colour_of(mark.colour), ascii(mark.text)});
    }
    // Marks come best first: the best lie on top, and choose the places of their plates.
    for (auto box = boxes.rbegin(); box != boxes.rend(); ++box) {
      draw_outline(&picture, *box, measures);
    }
    Obstacles obstacles;
    for (const Box& box : boxes) {
      if (box.outline.height < measures.small_height) obstacles.small_boxes.push_back(box.outline);
    }
    for (const Box& box : boxes) draw_plate(&picture, box, measures, &obstacles);

    Image drawn = Image::blank(picture.cols, picture.rows);
    for (int y = 0; y < picture.rows; ++y) {
      std::copy_n(picture.ptr(y), drawn.stride, drawn.row(y));
    }
    return drawn;
  } catch (const std::exception& e) {
    return Error{Code::kExhausted, std::string("annotation failed: ") + e.what()};
  }
}

}  // namespace pawl::platform
