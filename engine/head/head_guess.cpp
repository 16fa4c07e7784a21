#include "engine/head/head_guess.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/head/head_match.h"
#include "engine/head/head_table.h"
#include "engine/head/labels.h"
#include "engine/head/other_tasks.h"
#include "engine/head/wording.h"
#include "platform/frame.h"

namespace pawl::engine {
namespace {

using platform::Code;
using platform::Error;
using platform::Result;
using platform::Status;

constexpr int64_t kMaxDim = 1 << 24;
constexpr int64_t kMaxOutputFloats = int64_t{1} << 34;
constexpr size_t kMaxOutputs = 256;
constexpr size_t kMaxRank = 8;
constexpr int32_t kEndToEndClasses = 1024;  // where nothing tells how many there are

Status check_outline(const ModelOutline& model) {
  const std::vector<int64_t>& in = model.input_shape;
  if (in.size() != 4 || in[0] != 1 || (in[1] != 1 && in[1] != 3)) {
    return Error{Code::kUnsupported, "model input is " + shape_text(in) +
                                         "; a detector takes (1, 3, height, width) or (1, 1, "
                                         "height, width)"};
  }
  for (const size_t axis : {size_t{2}, size_t{3}}) {
    if (in[axis] < 1 || in[axis] > platform::kImageSideMax) {
      return Error{Code::kUnsupported, "model input is " + shape_text(in) +
                                           "; height and width must be fixed, 1 to 16384 "
                                           "(--input WxH fixes them)"};
    }
  }
  if (model.outputs.empty() || model.outputs.size() > kMaxOutputs) {
    return Error{Code::kUnsupported,
                 "model has " + std::to_string(model.outputs.size()) + " outputs"};
  }
  for (const OutputOutline& output : model.outputs) {
    int64_t floats = 1;
    bool good = output.shape.size() <= kMaxRank;
    for (size_t i = 0; good && i < output.shape.size(); ++i) {
      good = output.shape[i] >= 1 && output.shape[i] <= kMaxDim;
      if (good) floats *= output.shape[i];
      good = good && floats <= kMaxOutputFloats;
    }
    if (!good) {
      return Error{Code::kUnsupported, "model output " + quote(output.name) + " is " +
                                           shape_text(output.shape) +
                                           ": not a size that can be decoded"};
    }
  }
  return {};
}

const std::string* metadata(const ModelOutline& model, const char* key) {
  const auto found = model.metadata.find(key);
  return found == model.metadata.end() ? nullptr : &found->second;
}

// A whole number from 1 to `largest`, or nothing.
std::optional<int32_t> parse_count(std::string_view text, int32_t largest) {
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < 1 || value > largest) return std::nullopt;
  return value;
}

std::string unnamed_text(const std::vector<size_t>& unnamed) {
  constexpr size_t kShown = 6;
  std::string listed;
  for (size_t i = 0; i < unnamed.size() && i < kShown; ++i) {
    listed += (i == 0 ? "'class " : ", 'class ") + std::to_string(unnamed[i]) + "'";
  }
  if (unnamed.size() > kShown) listed += ", ...";
  return "the model's metadata has no usable name (empty, not one line of text, or none) for " +
         std::to_string(unnamed.size()) + (unnamed.size() == 1 ? " class" : " classes") +
         ", called " + listed + "; a labels file names " + (unnamed.size() == 1 ? "it" : "them");
}

// Labels known before recognition, which they help: from the user, else from the metadata.
std::vector<std::string> known_labels(const ModelOutline& model, const HeadOverrides& overrides,
                                      std::vector<std::string>* assumptions) {
  if (!overrides.labels.empty()) return overrides.labels;
  const std::string* names = metadata(model, "names");
  if (names == nullptr) return {};
  Result<ClassNames> parsed = parse_names_literal(*names);
  if (!parsed.ok()) {
    assumptions->push_back("the class names in the model's metadata cannot be read (" +
                           parsed.error().message + "): give a labels file");
    return {};
  }
  if (parsed.value().from_one) {
    assumptions->push_back(
        "the class names in the model's metadata are numbered from 1: the first is class 0");
  }
  if (!parsed.value().unnamed.empty()) {
    assumptions->push_back(unnamed_text(parsed.value().unnamed));
  }
  return std::move(parsed.value().labels);
}

MatchContext match_context(const ModelOutline& model, size_t named) {
  MatchContext context{model};
  context.height = static_cast<int32_t>(model.input_shape[2]);
  context.width = static_cast<int32_t>(model.input_shape[3]);
  context.named = static_cast<int32_t>(named);
  if (const std::string* stride = metadata(model, "stride")) {
    context.largest_stride = parse_count(*stride, 1024).value_or(0);
  }
  if (const std::string* end2end = metadata(model, "end2end")) {
    if (*end2end == "True" || *end2end == "true") context.end_to_end = true;
    if (*end2end == "False" || *end2end == "false") context.end_to_end = false;
  }
  for (const char* key : {"nc", "num_classes", "nb_classes"}) {
    const std::string* count = metadata(model, key);
    if (context.named == 0 && count != nullptr) {
      context.named = parse_count(*count, kMaxClasses).value_or(0);
    }
  }
  return context;
}

struct Choice {
  const HeadFamily* family = nullptr;
  HeadMatch match;
};

// Families that fit the model equally well, in the order of the table; empty if none fits.
std::vector<Choice> best_families(const MatchContext& context) {
  std::vector<Choice> best;
  for (const HeadFamily& family : head_families()) {
    HeadMatch match = match_family(family, context);
    if (match.strength == 0) continue;
    if (!best.empty() && match.strength < best[0].match.strength) continue;
    if (!best.empty() && match.strength > best[0].match.strength) best.clear();
    best.push_back({&family, std::move(match)});
  }
  return best;
}

// Several readings and nothing that prefers one.
Error ambiguous(const MatchContext& context, const std::vector<Choice>& choices) {
  std::string readings;
  bool counts_differ = false;
  bool named = false;
  for (size_t i = 0; i < choices.size(); ++i) {
    const HeadSpec& head = choices[i].match.head;
    readings += (i == 0 ? "" : (i + 1 == choices.size() ? " or " : ", "));
    readings += choices[i].family->name;
    const bool open = head.layout == OutputLayout::kEndToEnd;
    if (!open) readings += " (" + counted(head.classes, "class", "classes") + ")";
    counts_differ = counts_differ || open || head.classes != choices[0].match.head.classes;
    named = named || open || head.classes == context.named;
  }
  std::string text = "output " + quote(context.model.outputs[0].name) + " " +
                     shape_text(context.model.outputs[0].shape) +
                     (context.model.outputs.size() > 1 ? " and the others" : "") +
                     " can be read as " + readings + ", and nothing in the file tells which";
  if (context.named != 0 && !named) {
    text += " (it names " + counted(context.named, "class", "classes") + ")";
  }
  text += ": say --head " + std::string(choices[0].family->name) + " or another of these";
  if (counts_differ && context.named == 0) text += ", or name the classes with --labels";
  return {Code::kInvalidArgument, text};
}

Error not_recognised(const ModelOutline& model) {
  std::string shapes;
  constexpr size_t kShown = 8;
  for (size_t i = 0; i < model.outputs.size() && i < kShown; ++i) {
    shapes += (i == 0 ? "" : ", ") + shape_text(model.outputs[i].shape);
  }
  if (model.outputs.size() > kShown) shapes += ", ...";
  return {Code::kUnsupported, "outputs " + shapes + " for input " + shape_text(model.input_shape) +
                                  " fit no known detection head; name it with --head (" +
                                  head_family_names() + ")"};
}

Result<Choice> choose(const MatchContext& context, const HeadOverrides& overrides) {
  Choice choice;
  if (overrides.head == "auto") {
    std::vector<Choice> best = best_families(context);
    if (best.empty()) return not_recognised(context.model);
    if (best.size() > 1) return ambiguous(context, best);
    return std::move(best[0]);
  }
  choice.family = find_head_family(overrides.head);
  if (choice.family == nullptr) {
    return Error{Code::kInvalidArgument,
                 "unknown head " + quote(overrides.head) + "; valid are " + head_family_names()};
  }
  if (choice.family->shape == HeadShape::kNone) return choice;
  choice.match = match_family(*choice.family, context);
  if (choice.match.strength > 0) return choice;
  if (!choice.match.reason.empty()) return Error{Code::kUnsupported, choice.match.reason};
  return Error{Code::kInvalidArgument, std::string("--head ") + choice.family->name + " needs " +
                                           choice.family->outputs + "; the model has " +
                                           shape_text(context.model.outputs[0].shape) +
                                           (context.model.outputs.size() > 1 ? " and more" : "")};
}

Status settle_labels(std::vector<std::string> known, const HeadOverrides& overrides,
                     HeadGuess* guess) {
  HeadSpec& head = guess->head;
  if (head.layout == OutputLayout::kEndToEnd) {
    head.classes = known.empty() ? kEndToEndClasses : static_cast<int32_t>(known.size());
    if (known.empty()) {
      guess->assumptions.push_back("the number of classes is not in the model: up to " +
                                   std::to_string(kEndToEndClasses) +
                                   " are accepted; a labels file settles it");
    }
  }
  if (known.size() == static_cast<size_t>(head.classes)) {
    guess->labels = std::move(known);
    return {};
  }
  const std::string classes = std::to_string(head.classes) + " classes";
  if (!overrides.labels.empty()) {
    return Error{Code::kInvalidArgument, "the labels file names " + std::to_string(known.size()) +
                                             " classes, the model's " + guess->family +
                                             " head has " + classes};
  }
  if (!known.empty() && overrides.head == "auto") {
    return Error{Code::kInvalidArgument,
                 "the model's metadata names " + std::to_string(known.size()) +
                     " classes, its outputs look like a " + guess->family + " head with " +
                     classes + "; name the head with --head, or give a labels file"};
  }
  guess->assumptions.push_back((known.empty()
                                    ? "the model carries no class names"
                                    : "the model's class names do not fit its " + classes) +
                               std::string(": numbered 'class 0' to 'class ") +
                               std::to_string(head.classes - 1) + "'; a labels file names them");
  for (int32_t i = 0; i < head.classes; ++i) {
    guess->labels.push_back("class " + std::to_string(i));
  }
  return {};
}

const char* fit_text(Fit fit) {
  switch (fit) {
    case Fit::kLetterboxCentred:
      return "letterbox";
    case Fit::kLetterboxTopLeft:
      return "topleft";
    case Fit::kStretch:
      break;
  }
  return "stretch";
}

// Mean and scale of pixels, and the line that says so. The network's own arithmetic is not done
// twice.
std::string settle_pixels(const PixelUse& use, const std::string& because, PreprocessSpec* pre) {
  const char* changes = "scale=, mean=, std= change it";
  if (use.range != PixelUse::Range::kUnknown) {
    const bool bytes = use.range == PixelUse::Range::kBytes;
    std::fill_n(pre->mean, 3, 0.0F);
    std::fill_n(pre->scale, 3, bytes ? 1.0F : 1.0F / 255.0F);
    return std::string(bytes ? "pixels kept at 0..255 (scale=1)"
                             : "pixels divided by 255 (scale=1/255) and no more") +
           ": " + use.words + "; --pre " + changes;
  }
  const bool normalised = pre->mean[0] != 0.0F;
  const bool bytes = pre->scale[0] == 1.0F;
  return std::string("pixels ") +
         (normalised ? "less the ImageNet mean, divided by its deviation"
                     : (bytes ? "kept at 0..255" : "divided by 255")) +
         because + changes;
}

void settle_preprocess(const HeadFamily& family, const ModelOutline& model,
                       const HeadOverrides& overrides, HeadGuess* guess) {
  PreprocessSpec& pre = guess->pre;
  pre.channels = static_cast<int32_t>(model.input_shape[1]);
  pre.height = static_cast<int32_t>(model.input_shape[2]);
  pre.width = static_cast<int32_t>(model.input_shape[3]);
  pre.fit = family.fit;
  pre.rgb = family.rgb;
  std::copy_n(family.mean, 3, pre.mean);
  std::copy_n(family.scale, 3, pre.scale);

  // No exporter writes these into the metadata; what the network does itself is in its nodes.
  const std::string because = std::string(", as ") + family.name + " exports expect; --pre ";
  if (model.pixels.reversed) pre.rgb = !pre.rgb;
  if (!overrides.rgb && pre.channels == 3) {
    guess->assumptions.push_back(
        std::string("colour order ") + (pre.rgb ? "RGB" : "BGR") +
        (model.pixels.reversed ? ", which the network reverses itself; --pre " : because) +
        (pre.rgb ? "color=bgr" : "color=rgb") + " changes it");
  }
  if (!overrides.fit) {
    guess->assumptions.push_back(std::string("frames fitted by ") + fit_text(pre.fit) + because +
                                 "fit=letterbox|topleft|stretch changes it");
  }
  const std::string pixels = settle_pixels(model.pixels, because, &pre);
  if (!overrides.scale) guess->assumptions.push_back(pixels);
  apply_overrides(overrides, &pre);
  if (overrides.mean && pre.mean[0] > 0.0F && pre.mean[0] < 1.0F && pre.mean[1] < 1.0F &&
      pre.mean[2] < 1.0F) {
    guess->assumptions.push_back(
        "the mean given is below 1 and taken in pixel units (0..255); for pixels of 0..1 multiply "
        "mean and std by 255");
  }
  if (model.exported_width != 0 &&
      (model.exported_height != pre.height || model.exported_width != pre.width)) {
    guess->assumptions.push_back("exported for " + std::to_string(model.exported_width) + "x" +
                                 std::to_string(model.exported_height) + ", used at " +
                                 std::to_string(pre.width) + "x" + std::to_string(pre.height));
  }
}

}  // namespace

Result<HeadGuess> guess_head(const ModelOutline& model, const HeadOverrides& overrides) {
  PAWL_TRY(check_outline(model));
  HeadGuess guess;
  std::vector<std::string> labels = known_labels(model, overrides, &guess.assumptions);
  MatchContext context = match_context(model, labels.size());
  context.by_user = overrides.head != "auto";
  if (overrides.head != "none") PAWL_TRY(refuse_other_tasks(model, context.named));
  Choice choice = PAWL_TRY(choose(context, overrides));

  guess.family = choice.family->name;
  if (choice.family->shape == HeadShape::kNone) {
    settle_preprocess(*choice.family, model, overrides, &guess);
    guess.head.nms = false;
    guess.labels = std::move(labels);
    return guess;
  }
  guess.head = choice.match.head;
  guess.levels = std::move(choice.match.levels);
  for (std::string& line : choice.match.assumptions) guess.assumptions.push_back(std::move(line));
  PAWL_TRY(settle_labels(std::move(labels), overrides, &guess));
  settle_preprocess(*choice.family, model, overrides, &guess);

  std::vector<int64_t> floats;
  for (const OutputOutline& output : model.outputs) {
    int64_t size = 1;
    for (const int64_t dim : output.shape) size *= dim;
    floats.push_back(size);
  }
  PAWL_TRY(check_levels(guess.head, guess.levels, floats).context("head of " + guess.family));
  return guess;
}

}  // namespace pawl::engine
