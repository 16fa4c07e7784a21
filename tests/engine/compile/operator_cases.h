// What users write with each operator of the importer: for every_operator_test.cpp.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/onnx/quantized_builder.h"

namespace pawl::test {

using engine::Shape;
using engine::test::Floats;
using engine::test::NodeRef;
using engine::test::QuantizedBuilder;
using engine::test::TensorProto;
using Numbers = std::vector<int64_t>;
using Names = std::vector<std::string>;

// A file with a value "x" of `shape`, to which a case adds what makes "y" of it.
struct Scene {
  Scene(int64_t opset, Shape x) : file(opset), shape(std::move(x)) {}

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  NodeRef op(const std::string& type, const Names& inputs, const std::string& output = "y") {
    return file.node(type, inputs, {output});
  }
  std::string reals(const Shape& dims, float low = -1.0F, float high = 1.0F) {
    std::uniform_real_distribution<float> uniform(low, high);
    Floats values(static_cast<size_t>(engine::element_count(dims)));
    for (float& value : values) value = uniform(random);
    file.constant(next("reals"), dims, values);
    return last;
  }
  std::string real(float value) {
    file.constant(next("real"), {}, Floats{value});
    return last;
  }
  std::string numbers(const Numbers& values) {
    file.constant(next("numbers"), {static_cast<int64_t>(values.size())}, values);
    return last;
  }
  std::string number(int64_t value) {
    file.constant(next("number"), {}, Numbers{value});
    return last;
  }
  // Of x: from 0.5 up, of type INT64 between -20 and 20, of type BOOL.
  std::string positive() {
    op("Abs", {"x"}, "magnitude");
    op("Add", {"magnitude", real(0.5F)}, "positive");
    return "positive";
  }
  std::string whole() {
    op("Mul", {"x", real(7.3F)}, "scaled");
    op("Cast", {"scaled"}, "whole").set("to", int64_t{TensorProto::INT64});
    return "whole";
  }
  std::string truth() {
    op("Less", {"x", real(0.1F)}, "truth");
    return "truth";
  }
  // x as levels, and the names of their scale and zero point behind it.
  Names levels(const std::string& of = "x") {
    file.encoding(of, 0.04F, 121);
    file.quantize(of, of + "_q", of);
    return {of + "_q", of + "_s", of + "_z"};
  }
  void from_levels(const std::string& levels, const std::string& encoding) {
    file.dequantize(levels, "y", encoding);
  }
  std::string next(const std::string& stem) { return last = stem + std::to_string(count++); }

  QuantizedBuilder file;
  Shape shape;
  std::mt19937 random{3};
  std::string last;
  int count = 0;
};

struct Case {
  std::string what;
  std::function<void(Scene&)> build;
  int64_t opset = 17;
};
using Cases = std::vector<Case>;
using CasesOf = std::function<Cases(const Shape&)>;  // that take an x of that shape

inline Cases plain(const std::string& type) {
  return {{"", [=](Scene& s) { s.op(type, {"x"}); }}};
}

// Both operands full, one a constant of each broadcast shape, on either side.
inline Cases broadcasts(const std::string& type, bool positive, const Shape& x,
                        int64_t opset = 17) {
  Cases cases;
  std::vector<Shape> shapes = {{}, {1}, x, {x.back()}};
  for (size_t d = 0; d < x.size(); ++d) {
    Shape one(x.size(), 1);
    one[d] = x[d];
    shapes.push_back(one);
    shapes.emplace_back(one.begin() + static_cast<ptrdiff_t>(d), one.end());
  }
  for (const Shape& other : shapes) {
    for (const bool first : {true, false}) {
      cases.push_back({engine::to_string(other) + (first ? " second" : " first"),
                       [=](Scene& s) {
                         const std::string a = positive ? s.positive() : "x";
                         const std::string b = s.reals(other, positive ? 0.6F : -1.0F, 1.5F);
                         s.op(type, first ? Names{a, b} : Names{b, a});
                       },
                       opset});
    }
  }
  cases.push_back({"two values",
                   [=](Scene& s) {
                     s.op("Sin", {"x"}, "other");
                     s.op("Abs", {"other"}, "some");
                     s.op("Add", {"some", s.real(0.7F)}, "more");
                     s.op(type, {positive ? s.positive() : "x", positive ? "more" : "other"});
                   },
                   opset});
  cases.push_back(
      {"the value and its mean",
       [=](Scene& s) {
         s.op("ReduceMean", {positive ? s.positive() : "x"}, "mean").set("axes", Numbers{-1});
         s.op(type, {positive ? "positive" : "x", "mean"});
       },
       opset});
  return cases;
}

// On truth values or whole numbers.
inline Cases pairs(const std::string& type, bool truths) {
  return {{"two values", [=](Scene& s) {
             const std::string a = truths ? s.truth() : s.whole();
             s.op("Sin", {"x"}, "sine");
             if (truths) {
               s.op("Greater", {"sine", s.real(-0.2F)}, "other");
             } else {
               s.op("Mul", {"sine", s.real(3.0F)}, "wave");
               s.op("Cast", {"wave"}, "other").set("to", int64_t{TensorProto::INT64});
             }
             s.op(type, {a, "other"});
           }}};
}

inline Cases reductions(const std::string& type, const Shape& x) {
  Cases cases;
  const auto rank = static_cast<int64_t>(x.size());
  std::vector<Numbers> axes = {{0, rank - 1}, {}};
  for (int64_t d = 0; d < rank; ++d) {
    axes.push_back({d});
    if (d > 0) axes.push_back({-d, 0});
  }
  if (rank == 4) axes.insert(axes.end(), {{2, 3}, {1, 3}, {1, 2}, {0, 1, 3}});
  for (const Numbers& over : axes) {
    if (over.size() == 2 && over[0] + rank == 0) continue;  // one axis twice
    for (const int64_t keep : {0, 1}) {
      cases.push_back({std::to_string(over.size()) + " axes, keepdims " + std::to_string(keep),
                       [=](Scene& s) {
                         NodeRef node = s.op(type, {"x"}).set("keepdims", keep);
                         const bool input = type == "ReduceSum";
                         if (over.empty()) return;
                         if (!input) node.set("axes", over);
                         if (input) {
                           auto* proto = s.file.model().mutable_graph()->mutable_node(
                               s.file.model().graph().node_size() - 1);
                           proto->add_input(s.numbers(over));
                         }
                       },
                       13});
    }
  }
  return cases;
}

struct WindowCase {
  const char* what;
  Numbers kernel, strides, pads, dilations;
};

inline std::vector<WindowCase> window_cases() {
  return {{"3x3", {3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}},
          {"3x3 by 2", {3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}},
          {"2x3 by 1x2, uneven pads", {2, 3}, {1, 2}, {1, 0, 0, 2}, {1, 1}},
          {"2x2 by 2", {2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}},
          {"3x2, dilated", {3, 2}, {1, 1}, {2, 1, 2, 1}, {2, 2}}};
}

inline Cases pools(const std::string& type, const Shape& x) {
  Cases cases;
  if (x.size() != 4) return cases;
  for (const WindowCase& w : window_cases()) {
    for (const int64_t ceil : {0, 1}) {
      for (const int64_t counted : {0, 1}) {
        if (type == "MaxPool" && counted != 0) continue;
        const int64_t most = std::max(w.pads[0], w.pads[2]);
        if (most >= w.kernel[0]) continue;  // ONNX wants windows that hold more than padding
        cases.push_back({std::string(w.what) + ", ceil " + std::to_string(ceil) + ", counted " +
                             std::to_string(counted),
                         [=](Scene& s) {
                           NodeRef node = s.op(type, {"x"})
                                              .set("kernel_shape", w.kernel)
                                              .set("strides", w.strides)
                                              .set("pads", w.pads)
                                              .set("dilations", w.dilations)
                                              .set("ceil_mode", ceil);
                           if (type == "AveragePool") node.set("count_include_pad", counted);
                         },
                         19});
      }
    }
  }
  cases.push_back({"everything", [=](Scene& s) {
                     s.op(type, {"x"}).set("kernel_shape", Numbers{x[2], x[3]});
                   }});
  return cases;
}

inline Cases convolutions(const Shape& x) {
  Cases cases;
  if (x.size() != 4) return cases;
  const int64_t C = x[1];
  for (const int64_t groups : {int64_t{1}, int64_t{2}, C}) {
    for (const WindowCase& w : window_cases()) {
      for (const bool bias : {false, true}) {
        cases.push_back({std::string(w.what) + ", groups " + std::to_string(groups), [=](Scene& s) {
                           Names inputs = {"x", s.reals({C, C / groups, w.kernel[0], w.kernel[1]})};
                           if (bias) inputs.push_back(s.reals({C}));
                           s.op("Conv", inputs)
                               .set("strides", w.strides)
                               .set("pads", w.pads)
                               .set("dilations", w.dilations)
                               .set("group", groups);
                         }});
      }
    }
    cases.push_back({"computed weights, groups " + std::to_string(groups), [=](Scene& s) {
                       s.op("ReduceMean", {"x"}, "mean").set("keepdims", int64_t{0});
                       s.op("Mul", {s.reals({C, C / groups, 3, 2}), "mean"}, "weights");
                       s.op("Mul", {s.reals({C}), "mean"}, "bias");
                       s.op("Conv", {"x", "weights", "bias"}, "sum")
                           .set("strides", Numbers{2, 1})
                           .set("pads", Numbers{1, 0, 1, 1})
                           .set("group", groups);
                       s.op("Relu", {"sum"});
                     }});
  }
  cases.push_back({"computed bias", [=](Scene& s) {
                     s.op("ReduceMean", {"x"}, "mean")
                         .set("axes", Numbers{0, 2, 3})
                         .set("keepdims", int64_t{0});
                     s.op("Conv", {"x", s.reals({C, C, 1, 1}), "mean"});
                   }});
  return cases;
}

inline Cases transposed_convolutions(const Shape& x) {
  Cases cases;
  if (x.size() != 4) return cases;
  const int64_t C = x[1];
  struct Upsampling {
    Numbers kernel, strides, pads, dilations, output_padding;
  };
  const Upsampling all[] = {{{2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}, {0, 0}},
                            {{4, 4}, {2, 2}, {1, 1, 1, 1}, {1, 1}, {0, 0}},
                            {{3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}, {1, 1}},
                            {{3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}, {0, 0}},
                            {{3, 2}, {2, 3}, {0, 0, 1, 0}, {1, 1}, {0, 1}},
                            {{2, 3}, {3, 3}, {0, 2, 0, 1}, {2, 2}, {2, 0}},
                            {{5, 5}, {2, 2}, {2, 2, 2, 2}, {1, 1}, {1, 0}}};
  for (const Upsampling& u : all) {
    for (const int64_t groups : {int64_t{1}, int64_t{2}, C}) {
      for (const bool bias : {false, true}) {
        cases.push_back({"kernel " + engine::to_string(u.kernel) + ", strides " +
                             engine::to_string(u.strides) + ", groups " + std::to_string(groups),
                         [=](Scene& s) {
                           Names inputs = {"x", s.reals({C, 6 / groups > 0 ? 8 / groups : 1,
                                                         u.kernel[0], u.kernel[1]})};
                           const int64_t outputs = groups * (6 / groups > 0 ? 8 / groups : 1);
                           if (bias) inputs.push_back(s.reals({outputs}));
                           s.op("ConvTranspose", inputs)
                               .set("strides", u.strides)
                               .set("pads", u.pads)
                               .set("dilations", u.dilations)
                               .set("output_padding", u.output_padding)
                               .set("group", groups);
                         }});
      }
    }
  }
  cases.push_back({"computed bias", [=](Scene& s) {
                     s.op("ReduceMean", {"x"}, "mean")
                         .set("axes", Numbers{0, 2, 3})
                         .set("keepdims", int64_t{0});
                     s.op("ConvTranspose", {"x", s.reals({C, C, 2, 2}), "mean"});
                   }});
  return cases;
}

inline Cases resizes(const std::string& type, const Shape& x) {
  Cases cases;
  for (const char* mode : {"nearest", "linear"}) {
    for (const char* coordinate : {"asymmetric", "half_pixel", "align_corners"}) {
      for (const float factor : {2.0F, 0.5F, 1.4F}) {
        if (type == "Upsample" && factor < 1.0F) continue;
        cases.push_back({std::string(mode) + ", " + coordinate + ", " + std::to_string(factor),
                         [=](Scene& s) {
                           Floats scales(x.size(), 1.0F);
                           scales[x.size() - 1] = factor;
                           scales[x.size() - 2] = 2.0F;
                           s.file.constant("scales", {s.rank()}, scales);
                           const Names inputs =
                               type == "Upsample" ? Names{"x", "scales"} : Names{"x", "", "scales"};
                           NodeRef node = s.op(type, inputs).set("mode", mode);
                           if (type == "Upsample") return;
                           node.set("coordinate_transformation_mode", coordinate);
                           if (std::string(mode) == "nearest") node.set("nearest_mode", "floor");
                         },
                         type == "Upsample" ? 9 : 17});
      }
    }
  }
  cases.push_back({"of every axis",
                   [=](Scene& s) {
                     s.file.constant("scales", {s.rank()}, Floats(x.size(), 2.0F));
                     s.op(type,
                          type == "Upsample" ? Names{"x", "scales"} : Names{"x", "", "scales"})
                         .set("mode", "nearest");
                   },
                   type == "Upsample" ? 9 : 17});
  return cases;
}

inline Cases each_axis(const Shape& x, const std::function<void(Scene&, int64_t)>& build,
                       int64_t opset = 17) {
  Cases cases;
  for (int64_t axis = 0; axis < static_cast<int64_t>(x.size()); ++axis) {
    cases.push_back({"axis " + std::to_string(axis), [=](Scene& s) { build(s, axis); }, opset});
    cases.push_back({"axis from the end", [=](Scene& s) { build(s, axis - s.rank()); }, opset});
  }
  return cases;
}

inline Cases blocks(const std::string& type, const Shape& x) {
  Cases cases;
  if (x.size() != 4) return cases;
  for (const char* mode : {"DCR", "CRD"}) {
    if (type == "SpaceToDepth" && std::string(mode) == "CRD") continue;
    for (const int64_t size : {1, 2}) {
      cases.push_back({std::string(mode) + " by " + std::to_string(size), [=](Scene& s) {
                         NodeRef node = s.op(type, {"x"}).set("blocksize", size);
                         if (type == "DepthToSpace") node.set("mode", mode);
                       }});
    }
  }
  return cases;
}

inline Cases layer_normalizations(const Shape& x) {
  Cases cases = each_axis(x, [](Scene& s, int64_t axis) {
    const auto first = static_cast<ptrdiff_t>(axis < 0 ? axis + s.rank() : axis);
    const Shape inner(s.shape.begin() + first, s.shape.end());
    Names inputs = {"x", s.reals(inner)};
    if (axis < 0) inputs.push_back(s.reals(inner));
    s.op("LayerNormalization", inputs).set("axis", axis).set("epsilon", 1e-3F);
  });
  if (x.size() == 4) {
    cases.push_back({"over channels, as ConvNeXt", [](Scene& s) {
                       s.op("Transpose", {"x"}, "last").set("perm", Numbers{0, 2, 3, 1});
                       s.op("LayerNormalization",
                            {"last", s.reals({s.shape[1]}), s.reals({s.shape[1]})}, "normal");
                       s.op("Transpose", {"normal"}).set("perm", Numbers{0, 3, 1, 2});
                     }});
    cases.push_back({"a constant for all channels", [](Scene& s) {
                       s.op("LayerNormalization", {"x", s.real(1.5F)});
                     }});
  }
  return cases;
}

// Levels of x through a quantized operator of com.microsoft, and back.
inline Cases on_levels(const std::string& type, bool binary, const std::string& attribute = "",
                       int64_t value = 0) {
  return {{"",
           [=](Scene& s) {
             Names inputs = s.levels();
             if (binary) {
               s.op("Sin", {"x"}, "n");
               const Names other = s.levels("n");
               inputs.insert(inputs.end(), other.begin(), other.end());
             }
             s.file.encoding("r", 0.05F, 100);
             inputs.insert(inputs.end(), {"r_s", "r_z"});
             NodeRef node = s.op(type, inputs, "r_q").domain("com.microsoft");
             if (!attribute.empty()) node.set(attribute, value);
             s.from_levels("r_q", "r");
           },
           13}};
}

// Every operator that the importer takes, with the cases that an x of a shape allows.
std::map<std::string, CasesOf> operator_cases();

}  // namespace pawl::test
