// Proves that binding holds every number of every kind of step to its exact bounds: the last value
// that fits is accepted and the first that does not is refused, one number at a time, and so with
// the shapes of the tensors a step touches. Any build tells; nothing is run.
#include <cstdint>
#include <limits>

#include "kernels/conv_u8.h"
#include "kernels/quantized.h"
#include "tests/engine/runtime/bound_steps.h"

namespace pawl::engine {
namespace {

using test::BoundSteps;

constexpr int32_t kSide = 16;  // of the golden plan's maps

// Tensors beside those of the golden plan, all in one spare piece of the arena.
class SpareTensors {
 public:
  explicit SpareTensors(Plan* plan) : plan_(plan), offset_(plan->header.arena_bytes) {
    plan->header.arena_bytes += uint64_t{1} << 20;
  }
  // A copy of tensor `like` that `change` makes different.
  int32_t add(int32_t like, const std::function<void(TensorRecord*)>& change) {
    TensorRecord tensor = plan_->tensors[static_cast<size_t>(like)];
    tensor.offset = offset_;
    tensor.storage = Storage::kArena;
    tensor.flags = 0;
    tensor.output_number = 0;
    change(&tensor);
    if (tensor.layout == Layout::kNhwc) tensor.pixel_stride = tensor.extent[1];
    plan_->tensors.push_back(tensor);
    return static_cast<int32_t>(plan_->tensors.size() - 1);
  }

 private:
  Plan* plan_;
  uint64_t offset_;
};

// Data blocks of convolutions point to zeros enough for the largest window.
Plan plan_with_room() {
  Plan plan = golden_plan();
  const std::vector<std::byte> zeros(size_t{1} << 21);
  const uint64_t at = plan.add_weights(zeros.data(), zeros.size());
  for (const char* name :
       {"stem", "depthwise", "conv_u8", "depthwise_u8", "conv_u8_to_float", "winograd"}) {
    for (uint64_t& data : plan.steps[test::step_named(plan, name)].data) {
      if (data != kNoData) data = at;
    }
  }
  return plan;
}

struct Bounds {
  const char* step;
  int field, fields;  // the first, and how many share the bounds
  int64_t least, most;
};

constexpr Bounds kBounds[] = {
    {"stem", 0, 4, 1, 256},          // KH, KW, strides
    {"stem", 4, 2, 0, 256},          // pads
    {"stem", 6, 2, 1, 256},          // dilations
    {"depthwise", 0, 4, 1, 256},     //
    {"depthwise", 4, 2, 0, 256},     //
    {"depthwise", 6, 2, 1, 256},     //
    {"winograd", 0, 2, 0, 2},        // pads
    {"pool", 0, 2, 0, 1},            // kind, count_padding
    {"pool", 2, 4, 1, 256},          // KH, KW, strides
    {"pool", 6, 2, 0, 256},          // pads
    {"pool", 8, 2, 1, 256},          // dilations
    {"resize", 0, 1, 0, 1},          // kind
    {"sum", 0, 1, 0, 5},             // operator
    {"focus", 0, 8, 0, 1},           // offsets
    {"attention", 0, 1, 2, 2},       // heads: heads * VD is what the output holds
    {"attention", 1, 1, 1, 12},      // D: the last head's k begins at 4 + 16 of 32 channels
    {"attention", 2, 1, 4, 4},       // VD
    {"attention", 3, 3, 0, 24},      // q, k, v: four channels each, the last head 4 on
    {"attention", 6, 1, 0, 12},      // head_stride: the last k ends at 20 + stride
    {"scale", 0, 1, 0, 11},          // operator
    {"exp", 0, 1, 0, 15},            // operator
    {"softmax", 1, 1, 1, 1},         // outer, axis, inner are the input's
    {"softmax", 2, 1, 3, 3},         //
    {"softmax", 3, 1, 256, 256},     //
    {"topk", 0, 1, 3, 3},            // rows, n and k are the tensors'
    {"topk", 1, 1, 2, 2},            //
    {"topk", 2, 1, 1, 1},            //
    {"pick", 1, 1, 1, 1},            // outer, axis, inner, count are the tensors'
    {"pick", 2, 1, 3, 3},            //
    {"pick", 3, 1, 2, 2},            //
    {"pick", 4, 1, 3, 3},            //
    {"matmul", 0, 1, 1, 1},          // batch: y holds one product
    {"matmul", 1, 1, 1, 3},          // M: rows of a and y
    {"matmul", 2, 1, 1, 256},        // K
    {"matmul", 3, 1, 1, 2},          // N
    {"to_rows", 4, 1, 1, 3},         // channels
    {"to_rows", 5, 1, 1, 256},       // pixels
    {"to_rows", 10, 1, 0, 1},        // x: channel stride
    {"to_rows", 11, 1, 0, 3},        // x: pixel stride
    {"to_rows", 16, 1, 0, 256},      // y: channel stride
    {"to_rows", 17, 1, 0, 1},        // y: pixel stride
    {"to_rows", 18, 2, 0, 0},        // starts
    {"conv_u8", 0, 2, 1, 256},       // KH, KW
    {"conv_u8", 2, 2, 1, 256},       // strides
    {"conv_u8", 4, 2, 0, 256},       // pads
    {"conv_u8", 6, 2, 1, 256},       // dilations
    {"depthwise_u8", 0, 4, 1, 256},  //
    {"depthwise_u8", 4, 2, 0, 256},  //
    {"depthwise_u8", 6, 2, 1, 256},  //
    {"pool_u8", 0, 4, 1, 256},       //
    {"pool_u8", 4, 2, 0, 256},       //
    {"pool_u8", 6, 2, 1, 256},       //
    {"add_u8", 0, 1, 0, 0},          // operator: sum or product
    {"mul_u8", 0, 1, 2, 2},          //
    {"mean_u8", 0, 1, 1, 1},         // kind
    {"mean_u8", 1, 1, 0, 1},         // count_padding
    {"mean_u8", 2, 4, 1, 256},       //
    {"mean_u8", 6, 2, 0, 256},       //
    {"mean_u8", 8, 2, 1, 256},       //
    {"conv_u8_to_float", 0, 4, 1, 256},
    {"conv_u8_to_float", 4, 2, 0, 256},
};

TEST(BindFields, EveryNumberIsHeldToItsBounds) {
  BoundSteps steps(plan_with_room());
  for (const Bounds& b : kBounds) {
    for (int field = b.field; field < b.field + b.fields; ++field) {
      const std::string what = std::string(b.step) + " field " + std::to_string(field) + " = ";
      StepRecord step = steps.step(b.step);
      for (const int64_t fits : {b.least, b.most}) {
        step.integer[field] = fits;
        steps.expect_fits(step, what + std::to_string(fits));
      }
      // Other operators of the 8-bit sum and product are refused, but each other.
      const bool operation =
          std::string_view(b.step) == "add_u8" || std::string_view(b.step) == "mul_u8";
      for (const int64_t refused : {b.least - 1, b.most + 1, std::numeric_limits<int64_t>::min(),
                                    std::numeric_limits<int64_t>::max(),
                                    b.least + (int64_t{1} << 32), b.least - (int64_t{1} << 32)}) {
        if (operation && (refused == 0 || refused == 2)) continue;
        step.integer[field] = refused;
        steps.expect_refused(step, what + std::to_string(refused));
      }
    }
  }
}

// A copy counts floats: of a tensor of bytes it would move four times what is there.
TEST(BindFields, CopiesOfFloatsTakeNoBytes) {
  BoundSteps steps(plan_with_room());
  const StepRecord bytes = steps.step("pool_u8");
  StepRecord step = steps.step("to_rows");
  CopyFields one{};
  std::fill(std::begin(one.extent), std::end(one.extent), 1);
  set_step_fields(one, &step);
  steps.expect_fits(step, "a float");
  StepRecord from = step;
  from.input[0] = bytes.input[0];
  steps.expect_refused(from, "from bytes");
  StepRecord to = step;
  to.output[0] = bytes.output[0];
  steps.expect_refused(to, "to bytes");
}

// Of both elements: a padded image holds its source wherever it lies, and no more of it.
TEST(BindFields, AnImageFitsThePaddedOne) {
  for (const auto& [name, kind] :
       {std::pair("pool", StepKind::kPad), std::pair("pool_u8", StepKind::kPadU8)}) {
    Plan plan = plan_with_room();
    StepRecord step = plan.steps[test::step_named(plan, name)];
    const int32_t x = step.input[0];
    SpareTensors spare(&plan);
    step.kind = kind;
    step.output[0] = spare.add(x, [](TensorRecord* y) {
      y->extent[2] += 3;
      y->extent[3] += 5;
    });
    const int32_t wider = spare.add(x, [](TensorRecord* y) { y->extent[1] += 1; });
    BoundSteps steps(std::move(plan));
    for (const int64_t top : {0, 3}) {
      for (const int64_t left : {0, 5}) {
        set_step_fields(PadFields{top, left}, &step);
        steps.expect_fits(step, name);
      }
    }
    for (const PadFields& wrong :
         {PadFields{4, 0}, PadFields{0, 6}, PadFields{-1, 0}, PadFields{0, -1},
          PadFields{int64_t{1} << 32, 0}, PadFields{0, std::numeric_limits<int64_t>::max()}}) {
      set_step_fields(wrong, &step);
      steps.expect_refused(step, std::string(name) + " " + std::to_string(wrong.pad_top) + " " +
                                     std::to_string(wrong.pad_left));
    }
    set_step_fields(PadFields{0, 0}, &step);
    step.output[0] = wider;
    steps.expect_refused(step, "another number of channels");
  }
}

// Each of q, k and v in turn lies last, and the last head decides.
TEST(BindFields, NoHeadOfAttentionLeavesItsInput) {
  BoundSteps steps(plan_with_room());
  constexpr int64_t kChannels = 32;  // of its input; heads * VD = 8 of its output
  for (const int64_t heads : {1, 2, 4}) {
    for (const int64_t stride : {0, 1, 5}) {
      for (const int64_t depth : {1, 3, 7}) {
        const int64_t values = 8 / heads;
        for (int which = 0; which < 3; ++which) {
          const int64_t width = which == 2 ? values : depth;
          const int64_t most = kChannels - width - (heads - 1) * stride;
          AttentionFields f{heads, depth, values, 0, 0, 0, stride};
          int64_t* const offset[] = {&f.q_offset, &f.k_offset, &f.v_offset};
          StepRecord step = steps.step("attention");
          const std::string what = "heads " + std::to_string(heads) + " stride " +
                                   std::to_string(stride) + " D " + std::to_string(depth) +
                                   " part " + std::to_string(which);
          *offset[which] = most;
          set_step_fields(f, &step);
          steps.expect_fits(step, what);
          *offset[which] = most + 1;
          set_step_fields(f, &step);
          steps.expect_refused(step, what);
        }
      }
    }
  }
}

TEST(BindFields, SumsInThirtyTwoBitsHaveALargestDepth) {
  BoundSteps steps(plan_with_room());
  StepRecord step = steps.step("conv_u8");
  const int64_t channels = 2 * 16;
  ConvFields f = step_fields<ConvFields>(step);
  f.KH = kernels::kConvU8DepthMax / channels / 8;
  f.KW = 8;
  ASSERT_EQ(f.KH * f.KW * channels, kernels::kConvU8DepthMax);
  ASSERT_LE(f.KH, 256);
  set_step_fields(f, &step);
  steps.expect_fits(step, "the deepest convolution");
  std::swap(f.KH, f.KW);
  set_step_fields(f, &step);
  steps.expect_fits(step, "the deepest convolution on its side");
  ++f.KH;
  set_step_fields(f, &step);
  steps.expect_refused(step, "a deeper one");
}

TEST(BindFields, EightBitStepsTakeTheActivationsTheyHave) {
  BoundSteps steps(plan_with_room());
  for (const char* name : {"conv_u8", "depthwise_u8", "conv_u8_to_float"}) {
    for (int kind = 0; kind <= static_cast<int>(kernels::Activation::kClip); ++kind) {
      StepRecord step = steps.step(name);
      step.activation = static_cast<uint8_t>(kind);
      const std::string what = std::string(name) + " activation " + std::to_string(kind);
      if (kernels::epilogue_supports(static_cast<kernels::Activation>(kind))) {
        steps.expect_fits(step, what);
      } else {
        steps.expect_refused(step, what);
      }
    }
  }
}

TEST(BindFields, StridesOfCopiesMayRunBackwards) {
  BoundSteps steps(plan_with_room());
  constexpr int64_t kFloats = 3 * kSide * kSide;
  for (int side = 0; side < 2; ++side) {  // x, y
    for (int axis = 4; axis < 6; ++axis) {
      StepRecord step = steps.step("to_rows");
      auto f = step_fields<CopyFields>(step);
      int64_t* const stride = side == 0 ? f.x_stride : f.y_stride;
      int64_t& start = side == 0 ? f.x_start : f.y_start;
      const int64_t reach = (f.extent[axis] - 1) * stride[axis];
      stride[axis] = -stride[axis];
      for (const auto& [at, fits] :
           {std::pair(reach - 1, false), std::pair(reach, true), std::pair(reach + 1, false)}) {
        start = at;
        set_step_fields(f, &step);
        const std::string what = "backwards from " + std::to_string(at);
        fits ? steps.expect_fits(step, what) : steps.expect_refused(step, what);
      }
      f.extent[9 - axis] = 1;  // less is copied: the start may lie further on
      start = kFloats - 1;
      set_step_fields(f, &step);
      steps.expect_fits(step, "from the last float");
      start = kFloats;
      set_step_fields(f, &step);
      steps.expect_refused(step, "from behind the last float");
    }
  }
}

TEST(BindFields, ProductsOfABatchStayInTheirTensors) {
  BoundSteps steps(plan_with_room());
  StepRecord step = steps.step("matmul");  // a: 3 x 256, b: 256 x 2, y: 3 x 2
  struct Case {
    MatmulFields f;
    bool fits;
  };
  const Case cases[] = {
      {{3, 1, 256, 2, 256, 0}, true},     {{3, 1, 256, 2, 257, 0}, false},
      {{2, 1, 256, 2, 512, 0}, true},     {{2, 1, 256, 2, 513, 0}, false},
      {{2, 1, 128, 2, 0, 256}, true},     {{2, 1, 128, 2, 0, 257}, false},
      {{4, 1, 4, 2, 1, 1}, false},        {{3, 1, 4, 2, 1, 1}, true},
      {{6, 1, 4, 1, 1, 1}, true},         {{7, 1, 4, 1, 1, 1}, false},
      {{2, 1, 4, 2, -1, 0}, false},       {{2, 1, 4, 2, 0, -1}, false},
      {{1, 3, 256, 2, 1 << 20, 0}, true},
  };
  for (size_t i = 0; i < std::size(cases); ++i) {
    set_step_fields(cases[i].f, &step);
    const std::string what = "case " + std::to_string(i);
    cases[i].fits ? steps.expect_fits(step, what) : steps.expect_refused(step, what);
  }
}

TEST(BindFields, SelectionsReductionsAndGathersMatchTheirTensors) {
  Plan plan = plan_with_room();
  SpareTensors spare(&plan);
  const auto dense = static_cast<int32_t>(test::tensor_named(plan, "dense"));
  const auto rows = [&](std::vector<int32_t> extent) {
    return spare.add(dense, [&](TensorRecord* t) {
      t->rank = static_cast<uint8_t>(extent.size());
      std::copy(extent.begin(), extent.end(), t->extent);
    });
  };
  const int32_t six = rows({6});
  const int32_t nine = rows({9});
  const int32_t reduced = rows({1, 256});
  BoundSteps steps(plan);

  StepRecord topk = steps.step("topk");  // 3 rows of 2
  set_step_fields(TopKFields{3, 2, 2, 1}, &topk);
  topk.output[0] = topk.output[1] = six;
  steps.expect_fits(topk, "all of each row");
  topk.output[1] = nine;
  steps.expect_refused(topk, "more indices than values");
  topk.output[0] = nine, topk.output[1] = six;
  steps.expect_refused(topk, "more values than indices");
  set_step_fields(TopKFields{3, 2, 3, 1}, &topk);
  topk.output[0] = topk.output[1] = nine;
  steps.expect_refused(topk, "more than a row holds");

  StepRecord pick = steps.step("pick");  // {elementwise, outer, axis, inner, count}
  set_step_fields(DenseGatherFields{1, 1, 3, 2, 3}, &pick);
  steps.expect_refused(pick, "elementwise with an index a row");
  pick.input[1] = six;
  steps.expect_fits(pick, "elementwise with an index each");
  set_step_fields(DenseGatherFields{0, 1, 3, 2, 3}, &pick);
  steps.expect_refused(pick, "indices of which half go unused");
  for (const int64_t elementwise : {-1, 2}) {
    set_step_fields(DenseGatherFields{elementwise, 1, 3, 2, 3}, &pick);
    steps.expect_refused(pick, "neither elementwise nor not");
  }

  StepRecord reduce = steps.step("softmax");
  reduce.output[0] = reduced;
  for (int64_t kind = -1; kind < 8; ++kind) {
    set_step_fields(ReduceFields{kind, 1, 3, 256}, &reduce);
    const std::string what = "reduction " + std::to_string(kind);
    kind >= 1 && kind <= 6 ? steps.expect_fits(reduce, what) : steps.expect_refused(reduce, what);
  }
  reduce.output[0] = dense;  // room for all: only softmax writes all
  set_step_fields(ReduceFields{0, 1, 3, 256}, &reduce);
  steps.expect_fits(reduce, "softmax");
  set_step_fields(ReduceFields{1, 1, 3, 256}, &reduce);
  steps.expect_refused(reduce, "a maximum that does not fill its output");
}

// What must agree between a tensor of a step and its output: C, H, W. Where a letter is missing,
// the other number is free.
struct Agreement {
  const char* step;
  int input;  // -1: the output itself
  const char* channels_height_width;
};

constexpr Agreement kAgreements[] = {
    {"depthwise", 0, "C"},  {"depthwise", 2, "CHW"},  {"stem", 2, "CHW"},
    {"winograd", 2, "CHW"}, {"pool", 0, "C"},         {"resize", 0, "C"},
    {"sum", 0, "CHW"},      {"sum", 1, "CHW"},        {"focus", 0, "CHW"},
    {"shuffle", 0, "HW"},   {"squash", 0, "CHW"},     {"attention", 0, "HW"},
    {"conv_u8", 2, "CHW"},  {"depthwise_u8", 0, "C"}, {"depthwise_u8", 2, "CHW"},
    {"quantize", 0, "CHW"}, {"dequantize", 0, "CHW"}, {"copy_u8", 0, "HW"},
    {"pool_u8", 0, "C"},    {"nearest_u8", 0, "C"},   {"add_u8", 0, "CHW"},
    {"add_u8", 1, "CHW"},   {"mul_u8", 0, "CHW"},     {"mul_u8", 1, "CHW"},
    {"mean_u8", 0, "C"},    {"table_u8", 0, "CHW"},   {"conv_u8_to_float", 2, "CHW"},
};

TEST(BindFields, ShapesAgree) {
  for (const Agreement& a : kAgreements) {
    Plan plan = plan_with_room();
    SpareTensors spare(&plan);
    StepRecord& step = plan.steps[test::step_named(plan, a.step)];
    const bool eight_bit = std::string_view(a.step).find("u8") != std::string_view::npos;
    if (a.input == 2 && step.input[2] < 0) {  // a residual like the output
      step.input[2] = spare.add(step.output[0], [&](TensorRecord* t) {
        t->element = eight_bit ? Element::kUint8 : Element::kFloat32;
        t->scale = eight_bit ? 0.5F : 0.0F;
      });
    }
    const StepRecord whole = step;
    const int32_t from = whole.input[a.input];
    std::vector<std::pair<StepRecord, bool>> bent;
    for (int axis = 1; axis <= 3; ++axis) {
      for (const int32_t change : {-1, 1}) {
        if (plan.tensors[static_cast<size_t>(from)].extent[axis] + change < 1) continue;
        StepRecord other = whole;
        other.input[a.input] = spare.add(from, [&](TensorRecord* t) { t->extent[axis] += change; });
        const bool free =
            std::string_view(a.channels_height_width).find("?CHW"[axis]) == std::string_view::npos;
        // Indices of channels, rows and columns that are there no longer are another matter.
        if (!free || change > 0) bent.emplace_back(other, free);
      }
    }
    StepRecord other = whole;  // the other element, and no image
    other.input[a.input] = spare.add(from, [&](TensorRecord* t) {
      const bool was = t->element == Element::kUint8;
      t->element = was ? Element::kFloat32 : Element::kUint8;
      t->scale = was ? 0.0F : 0.5F;
      t->zero = 0;
    });
    bent.emplace_back(other, false);
    other.input[a.input] = spare.add(from, [&](TensorRecord* t) {
      t->layout = Layout::kRowMajor;
      t->element = Element::kFloat32;
      t->scale = 0.0F;
      t->zero = 0;
      t->pixel_stride = 0;
    });
    bent.emplace_back(other, false);
    other.input[a.input] = -1;
    if (a.input < 2) bent.emplace_back(other, false);

    BoundSteps steps(plan);
    const std::string what = std::string(a.step) + " input " + std::to_string(a.input);
    steps.expect_fits(whole, what);
    for (size_t i = 0; i < bent.size(); ++i) {
      const std::string which = what + " bent " + std::to_string(i);
      bent[i].second ? steps.expect_fits(bent[i].first, which)
                     : steps.expect_refused(bent[i].first, which);
    }
  }
}

// The second factor of a binary step may be one pixel, which then counts everywhere.
TEST(BindFields, OnePixelBroadcastsAndARowDoesNot) {
  for (const char* name : {"sum", "add_u8"}) {
    Plan plan = plan_with_room();
    SpareTensors spare(&plan);
    const StepRecord whole = plan.steps[test::step_named(plan, name)];
    StepRecord pixel = whole, row = whole, column = whole, first = whole;
    pixel.input[1] =
        spare.add(whole.input[1], [](TensorRecord* t) { t->extent[2] = t->extent[3] = 1; });
    first.input[0] = pixel.input[1];
    row.input[1] = spare.add(whole.input[1], [](TensorRecord* t) { t->extent[2] = 1; });
    column.input[1] = spare.add(whole.input[1], [](TensorRecord* t) { t->extent[3] = 1; });
    BoundSteps steps(plan);
    steps.expect_fits(pixel, "a pixel");
    steps.expect_refused(row, "a row");
    steps.expect_refused(column, "a column");
    steps.expect_refused(first, "the first operand as a pixel");
  }
}

// Kernels read whole registers: 64 bytes behind an 8-bit image must be the arena's.
TEST(BindFields, EightBitImagesKeepTheirDistanceToTheEndOfTheArena) {
  Plan plan = plan_with_room();
  SpareTensors spare(&plan);
  StepRecord fits = plan.steps[test::step_named(plan, "table_u8")];
  StepRecord close = fits;
  const auto at_end = [&](uint64_t distance) {
    return spare.add(fits.input[0], [&](TensorRecord* t) {
      t->offset = plan.header.arena_bytes - distance -
                  static_cast<uint64_t>(t->extent[1]) * static_cast<uint64_t>(t->extent[2]) *
                      static_cast<uint64_t>(t->extent[3]);
    });
  };
  close.input[0] = at_end(63);
  fits.input[0] = at_end(64);
  BoundSteps steps(plan);
  steps.expect_fits(fits, "64 bytes before the end");
  steps.expect_refused(close, "63 bytes before the end");
  std::swap(fits.input[0], fits.output[0]);
  std::swap(close.input[0], close.output[0]);
  steps.expect_fits(fits, "an output 64 bytes before the end");
  steps.expect_refused(close, "an output 63 bytes before the end");
}

}  // namespace
}  // namespace pawl::engine
