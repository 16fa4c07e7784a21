#include "tests/engine/compile/operator_cases.h"

namespace pawl::test {
namespace {

CasesOf any(Cases cases) {
  return [cases = std::move(cases)](const Shape&) { return cases; };
}

CasesOf spatial(const Cases& cases) {
  return [cases](const Shape& x) { return x.size() == 4 ? cases : Cases{}; };
}

void add_elementwise(std::map<std::string, CasesOf>* all) {
  for (const char* type :
       {"Abs",      "Ceil", "Cos",     "Erf",  "Exp",     "Floor",       "HardSwish",
        "Identity", "Mish", "Neg",     "Relu", "Sigmoid", "Sin",         "Softplus",
        "Softsign", "Tanh", "Dropout", "Selu", "Elu",     "HardSigmoid", "LeakyRelu"}) {
    (*all)[type] = any(plain(type));
  }
  for (const char* type : {"Log", "Reciprocal", "Sqrt"}) {
    (*all)[type] = any({{"", [=](Scene& s) { s.op(type, {s.positive()}); }}});
  }
  (*all)["Gelu"] =
      any({{"", [](Scene& s) { s.op("Gelu", {"x"}); }, 20},
           {"tanh", [](Scene& s) { s.op("Gelu", {"x"}).set("approximate", "tanh"); }, 20}});
  (*all)["Not"] = any({{"", [](Scene& s) { s.op("Not", {s.truth()}); }}});
  (*all)["Clip"] = any({{"",
                         [](Scene& s) {
                           s.op("Clip", {"x", s.real(-0.5F), s.real(0.7F)});
                         }},
                        {"one bound",
                         [](Scene& s) {
                           s.op("Clip", {"x", "", s.real(0.2F)});
                         }},
                        {"computed", [](Scene& s) {
                           s.op("ReduceMax", {"x"}, "most").set("keepdims", int64_t{0});
                           s.op("Mul", {"most", s.real(0.3F)}, "bound");
                           s.op("Clip", {"x", "", "bound"});
                         }}});
  Cases casts;
  for (const int type : {TensorProto::INT64, TensorProto::INT32, TensorProto::BOOL,
                         TensorProto::FLOAT16, TensorProto::DOUBLE}) {
    casts.push_back({"from float to " + std::to_string(type), [=](Scene& s) {
                       s.op("Mul", {"x", s.real(5.0F)}, "scaled");
                       s.op("Cast", {"scaled"}).set("to", int64_t{type});
                     }});
    casts.push_back({"from INT64 to " + std::to_string(type),
                     [=](Scene& s) { s.op("Cast", {s.whole()}).set("to", int64_t{type}); }});
    casts.push_back({"from BOOL to " + std::to_string(type),
                     [=](Scene& s) { s.op("Cast", {s.truth()}).set("to", int64_t{type}); }});
  }
  (*all)["Cast"] = any(casts);
  (*all)["CastLike"] = any({{"", [](Scene& s) { s.op("CastLike", {"x", s.number(1)}); }, 19}});
  (*all)["PRelu"] = [](const Shape& x) {
    Cases cases = {{"one slope", [](Scene& s) { s.op("PRelu", {"x", s.real(0.2F)}); }}};
    Shape by_channel(x.size() - 1, 1);
    by_channel[0] = x[1];
    cases.push_back({"a slope a channel", [=](Scene& s) {
                       s.op("PRelu", {"x", s.reals(by_channel)});
                     }});
    return cases;
  };
  for (const char* type : {"Add", "Sub", "Mul", "Min", "Max", "Sum", "Mean"}) {
    (*all)[type] = [=](const Shape& x) { return broadcasts(type, false, x); };
  }
  for (const char* type : {"Div", "Pow"}) {
    (*all)[type] = [=](const Shape& x) { return broadcasts(type, true, x); };
  }
  for (const char* type : {"Less", "LessOrEqual", "Greater", "GreaterOrEqual"}) {
    (*all)[type] = [=](const Shape& x) { return broadcasts(type, false, x); };
  }
  (*all)["Equal"] = any(pairs("Equal", false));
  for (const char* type : {"And", "Or", "Xor"}) (*all)[type] = any(pairs(type, true));
  Cases mods;
  for (const int64_t fmod : {0, 1}) {
    mods.push_back({"fmod " + std::to_string(fmod), [=](Scene& s) {
                      if (fmod == 0) {
                        s.op("Mod", {s.whole(), s.number(-3)});
                      } else {
                        s.op("Mod", {"x", s.real(-0.31F)}).set("fmod", fmod);
                      }
                    }});
  }
  (*all)["Mod"] = any(mods);
  (*all)["Where"] = [](const Shape& x) {
    Cases cases;
    for (const Shape& other : {Shape{}, x, Shape{x.back()}}) {
      cases.push_back({engine::to_string(other), [=](Scene& s) {
                         s.op("Where", {s.truth(), "x", s.reals(other)});
                       }});
    }
    cases.push_back({"what is not chosen is no number", [](Scene& s) {
                       s.op("Log", {"x"}, "log");  // of negative numbers too
                       s.op("Greater", {"x", s.real(0.0F)}, "right");
                       s.op("Where", {"right", "log", s.real(-1.0F)});
                     }});
    return cases;
  };
}

void add_movement(std::map<std::string, CasesOf>* all) {
  (*all)["Concat"] = [](const Shape& x) {
    return each_axis(x, [](Scene& s, int64_t axis) {
      s.op("Sin", {"x"}, "other");
      Shape dims = s.shape;
      dims[static_cast<size_t>(axis < 0 ? axis + s.rank() : axis)] = 3;
      s.op("Concat", {"x", "other", s.reals(dims), "x"}).set("axis", axis);
    });
  };
  (*all)["Split"] = [](const Shape& x) {
    return each_axis(x, [](Scene& s, int64_t axis) {
      const int64_t extent = s.shape[static_cast<size_t>(axis < 0 ? axis + s.rank() : axis)];
      if (extent < 2) {
        s.op("Identity", {"x"});
        return;
      }
      s.file.node("Split", {"x", s.numbers({1, extent - 1})}, {"first", "rest"}).set("axis", axis);
      s.op("Concat", {"rest", "first"}).set("axis", axis);
    });
  };
  (*all)["Slice"] = [](const Shape& x) {
    Cases cases;
    for (int64_t axis = 0; axis < static_cast<int64_t>(x.size()); ++axis) {
      for (const int64_t step : {1, 2, -1, -2}) {
        cases.push_back(
            {"axis " + std::to_string(axis) + ", step " + std::to_string(step), [=](Scene& s) {
               s.op("Slice", {"x", s.numbers({step > 0 ? 0 : 1 << 20}),
                              s.numbers({step > 0 ? 1 << 20 : -(1 << 20)}), s.numbers({axis}),
                              s.numbers({step})});
             }});
      }
    }
    return cases;
  };
  (*all)["Transpose"] = [](const Shape& x) {
    Cases cases = {{"reversed", [](Scene& s) { s.op("Transpose", {"x"}); }}};
    for (size_t d = 1; d < x.size(); ++d) {
      cases.push_back({"rotated", [=](Scene& s) {
                         Numbers perm(s.shape.size());
                         std::iota(perm.begin(), perm.end(), int64_t{0});
                         std::rotate(perm.begin(), perm.begin() + static_cast<ptrdiff_t>(d),
                                     perm.end());
                         s.op("Transpose", {"x"}).set("perm", perm);
                       }});
    }
    return cases;
  };
  (*all)["Expand"] = [](const Shape& x) {
    return each_axis(x, [](Scene& s, int64_t axis) {
      s.op("ReduceMax", {"x"}, "most").set("axes", Numbers{axis});
      s.op("Expand", {"most", s.numbers(s.shape)});
    });
  };
  (*all)["Tile"] = [](const Shape& x) {
    Cases cases = each_axis(x, [](Scene& s, int64_t axis) {
      Numbers repeats(s.shape.size(), 1);
      repeats[static_cast<size_t>(axis < 0 ? axis + s.rank() : axis)] = 3;
      s.op("Tile", {"x", s.numbers(repeats)});
    });
    cases.push_back({"all", [](Scene& s) {
                       s.op("Tile", {"x", s.numbers(Numbers(s.shape.size(), 2))});
                     }});
    return cases;
  };
  (*all)["Pad"] = [](const Shape& x) {
    Cases cases;
    for (const char* mode : {"constant", "reflect", "edge"}) {
      for (size_t d = 0; d < x.size(); ++d) {
        if (x[d] < 2) continue;
        cases.push_back({std::string(mode) + ", axis " + std::to_string(d), [=](Scene& s) {
                           Numbers pads(2 * s.shape.size(), 0);
                           pads[d] = 1;
                           pads[d + s.shape.size()] = 1;
                           Names inputs = {"x", s.numbers(pads)};
                           if (std::string(mode) == "constant") inputs.push_back(s.real(0.4F));
                           s.op("Pad", inputs).set("mode", mode);
                         }});
      }
    }
    return cases;
  };
  (*all)["Gather"] = [](const Shape& x) {
    Cases cases = each_axis(x, [](Scene& s, int64_t axis) {
      s.op("Gather", {"x", s.numbers({0, -1, 0})}).set("axis", axis);
    });
    cases.push_back({"one index", [](Scene& s) {
                       s.op("Gather", {"x", s.number(-1)}).set("axis", int64_t{1});
                     }});
    cases.push_back(
        {"computed", [](Scene& s) {
           s.op("ArgMax", {"x"}, "best").set("axis", int64_t{-1}).set("keepdims", int64_t{0});
           s.op("Gather", {"x", "best"}).set("axis", int64_t{-1});
         }});
    // The result has the rank of data and indices together.
    if (x.size() > 3) cases.pop_back();
    return cases;
  };
  (*all)["GatherElements"] = [](const Shape& x) {
    Cases cases = each_axis(x, [](Scene& s, int64_t axis) {
      s.op("ArgMax", {"x"}, "best").set("axis", axis);
      s.op("GatherElements", {"x", "best"}).set("axis", axis);
    });
    cases.push_back({"fewer elsewhere", [](Scene& s) {
                       Shape dims(s.shape.size(), 1);
                       dims.back() = 2;
                       s.file.constant("few", dims, Numbers{1, -1});
                       s.op("GatherElements", {"x", "few"}).set("axis", s.rank() - 1);
                     }});
    return cases;
  };
  for (const char* type : {"DepthToSpace", "SpaceToDepth"}) {
    (*all)[type] = [=](const Shape& x) { return blocks(type, x); };
  }
}

void add_shapes(std::map<std::string, CasesOf>* all) {
  (*all)["Constant"] = any({{"", [](Scene& s) {
                               s.file.node("Constant", {}, {"k"})
                                   .set("value", engine::test::tensor_proto({1}, Floats{2.5F}));
                               s.op("Mul", {"x", "k"});
                             }}});
  (*all)["ConstantOfShape"] = any({{"", [](Scene& s) {
                                      s.op("Shape", {"x"}, "extents");
                                      s.op("ConstantOfShape", {"extents"}, "zeros");
                                      s.op("Sub", {"zeros", "x"});
                                    }}});
  (*all)["Shape"] =
      any({{"", [](Scene& s) {
              s.op("Shape", {"x"}, "extents");
              s.op("Cast", {"extents"}, "real").set("to", int64_t{TensorProto::FLOAT});
              s.op("ReduceSum", {"real"}, "sum").set("keepdims", int64_t{0});
              s.op("Mul", {"x", "sum"});
            }}});
  (*all)["Size"] = any({{"", [](Scene& s) {
                           s.op("Size", {"x"}, "count");
                           s.op("Cast", {"count"}, "real").set("to", int64_t{TensorProto::FLOAT});
                           s.op("Div", {"x", "real"});
                         }}});
  (*all)["Range"] =
      any({{"", [](Scene& s) {
              s.op("Range", {s.real(0), s.real(static_cast<float>(s.shape.back())), s.real(1)},
                   "range");
              s.op("Add", {"x", "range"});
            }}});
  (*all)["Reshape"] = any({{"to a row",
                            [](Scene& s) {
                              s.op("Reshape", {"x", s.numbers({1, -1})});
                            }},
                           {"to an image", [](Scene& s) {
                              s.op("Reshape", {"x", s.numbers({1, 4, -1, 6})});
                            }}});
  (*all)["Flatten"] = [](const Shape& x) {
    return each_axis(x, [](Scene& s, int64_t axis) { s.op("Flatten", {"x"}).set("axis", axis); });
  };
  (*all)["Squeeze"] = any({{"", [](Scene& s) {
                              s.op("ReduceMax", {"x"}, "most").set("axes", Numbers{1});
                              s.op("Squeeze", {"most", s.numbers({1})});
                            }}});
  (*all)["Unsqueeze"] = any({{"", [](Scene& s) { s.op("Unsqueeze", {"x", s.numbers({0, -1})}); }}});
}

void add_matrices(std::map<std::string, CasesOf>* all) {
  (*all)["MatMul"] = [](const Shape& x) {
    Cases cases = {{"weights",
                    [](Scene& s) {
                      s.op("MatMul", {"x", s.reals({s.shape.back(), 5})});
                    }},
                   {"first",
                    [](Scene& s) {
                      s.op("MatMul", {s.reals({5, s.shape[s.shape.size() - 2]}), "x"});
                    }},
                   {"a vector",
                    [](Scene& s) {
                      s.op("MatMul", {"x", s.reals({s.shape.back()})});
                    }},
                   {"by itself", [](Scene& s) {
                      Numbers perm(s.shape.size());
                      std::iota(perm.begin(), perm.end(), int64_t{0});
                      std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
                      s.op("Transpose", {"x"}, "t").set("perm", perm);
                      s.op("MatMul", {"x", "t"});
                    }}};
    if (x.size() == 4) {
      cases.push_back(
          {"batches of either", [](Scene& s) {
             s.op("MatMul", {"x", s.reals({3 - s.shape[0], s.shape[1], s.shape[3], 2})});
           }});
      cases.push_back({"batches that broadcast", [](Scene& s) {
                         s.op("MatMul", {"x", s.reals({2, 1, s.shape[3], 2})});
                       }});
    }
    return cases;
  };
  (*all)["Gemm"] = any({{"",
                         [](Scene& s) {
                           s.op("Flatten", {"x"}, "rows").set("axis", int64_t{-1});
                           s.op("Gemm", {"rows", s.reals({4, s.shape.back()}), s.reals({4})})
                               .set("transB", int64_t{1})
                               .set("alpha", 0.5F)
                               .set("beta", 2.0F);
                         }},
                        {"transposed, no bias", [](Scene& s) {
                           s.op("Flatten", {"x"}, "rows").set("axis", int64_t{-1});
                           s.op("Gemm", {"rows", "rows"}).set("transA", int64_t{1});
                         }}});
  for (const char* type : {"Softmax", "LogSoftmax"}) {
    (*all)[type] = [=](const Shape& x) {
      Cases cases;
      for (const int64_t opset : {11, 13}) {
        const Cases more = each_axis(
            x, [=](Scene& s, int64_t axis) { s.op(type, {"x"}).set("axis", axis); }, opset);
        cases.insert(cases.end(), more.begin(), more.end());
      }
      return cases;
    };
  }
  (*all)["LayerNormalization"] = layer_normalizations;
  (*all)["InstanceNormalization"] =
      any({{"", [](Scene& s) {
              const Shape channels = {s.shape[1]};
              s.op("InstanceNormalization", {"x", s.reals(channels), s.reals(channels)});
            }}});
  (*all)["GroupNormalization"] = [](const Shape& x) {
    Cases cases;
    for (const int64_t opset : {18, 21}) {
      for (const int64_t groups : {int64_t{1}, int64_t{2}, x[1]}) {
        cases.push_back({std::to_string(groups) + " groups",
                         [=](Scene& s) {
                           const Shape numbers = {opset < 21 ? groups : s.shape[1]};
                           s.op("GroupNormalization", {"x", s.reals(numbers), s.reals(numbers)})
                               .set("num_groups", groups)
                               .set("epsilon", 1e-3F);
                         },
                         opset});
      }
    }
    return cases;
  };
  for (const char* type : {"ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin",
                           "ReduceProd", "ReduceSum", "ReduceSumSquare"}) {
    (*all)[type] = [=](const Shape& x) { return reductions(type, x); };
  }
  for (const char* type : {"ArgMax", "ArgMin"}) {
    (*all)[type] = [=](const Shape& x) {
      Cases cases;
      for (const int64_t last : {0, 1}) {
        const Cases more = each_axis(x, [=](Scene& s, int64_t axis) {
          // Levels of few heights: many are equal.
          s.op("Floor", {"x"}, "level");
          s.op(type, {"level"})
              .set("axis", axis)
              .set("select_last_index", last)
              .set("keepdims", int64_t{axis < 0});
        });
        cases.insert(cases.end(), more.begin(), more.end());
      }
      return cases;
    };
  }
  (*all)["TopK"] = [](const Shape& x) {
    return each_axis(x, [](Scene& s, int64_t axis) {
      const int64_t extent = s.shape[static_cast<size_t>(axis < 0 ? axis + s.rank() : axis)];
      s.file.node("TopK", {"x", s.numbers({std::min<int64_t>(extent, 3)})}, {"best", "at"})
          .set("axis", axis)
          .set("largest", int64_t{axis < 0});
      s.op("Cast", {"at"}, "place").set("to", int64_t{TensorProto::FLOAT});
      s.op("Add", {"best", "place"});
    });
  };
}

void add_windows(std::map<std::string, CasesOf>* all) {
  (*all)["Conv"] = convolutions;
  (*all)["ConvTranspose"] = transposed_convolutions;
  for (const char* type : {"MaxPool", "AveragePool"}) {
    (*all)[type] = [=](const Shape& x) { return pools(type, x); };
  }
  for (const char* type : {"GlobalAveragePool", "GlobalMaxPool"}) (*all)[type] = any(plain(type));
  for (const char* type : {"Resize", "Upsample"}) {
    (*all)[type] = [=](const Shape& x) { return resizes(type, x); };
  }
  (*all)["BatchNormalization"] =
      any({{"",
            [](Scene& s) {
              const Shape c = {s.shape[1]};
              s.op("Sin", {"x"}, "sine");  // not a convolution
              s.op("BatchNormalization",
                   {"sine", s.reals(c), s.reals(c), s.reals(c), s.reals(c, 0.2F, 2.0F)});
            }},
           {"computed", [](Scene& s) {
              const Shape c = {s.shape[1]};
              s.op("ReduceMean", {"x"}, "mean").set("keepdims", int64_t{0});
              s.op("Mul", {s.reals(c), "mean"}, "bias");
              s.op("BatchNormalization", {"x", s.reals(c), "bias", "bias", s.reals(c, 0.2F, 2.0F)});
            }}});
}

void add_quantized(std::map<std::string, CasesOf>* all) {
  const CasesOf round_trip = any({{"",
                                   [](Scene& s) {
                                     s.levels();
                                     s.from_levels("x_q", "x");
                                   },
                                   13}});
  (*all)["QuantizeLinear"] = round_trip;
  (*all)["DequantizeLinear"] = round_trip;
  (*all)["DynamicQuantizeLinear"] =
      any({{"",
            [](Scene& s) {
              s.file.node("DynamicQuantizeLinear", {"x"}, {"q", "q_s", "q_z"});
              s.op("DequantizeLinear", {"q", "q_s", "q_z"});
            },
            13}});
  for (const char* type : {"QLinearAdd", "QLinearMul"}) (*all)[type] = any(on_levels(type, true));
  for (const char* type : {"QLinearSigmoid", "QLinearLeakyRelu"}) {
    (*all)[type] = any(on_levels(type, false));
  }
  (*all)["QLinearSoftmax"] = any(on_levels("QLinearSoftmax", false, "opset", 13));
  (*all)["QLinearGlobalAveragePool"] = spatial(on_levels("QLinearGlobalAveragePool", false));
  (*all)["QLinearAveragePool"] = spatial({{"",
                                           [](Scene& s) {
                                             Names inputs = s.levels();
                                             inputs.insert(inputs.end(), {"x_s", "x_z"});
                                             s.op("QLinearAveragePool", inputs, "r_q")
                                                 .domain("com.microsoft")
                                                 .set("kernel_shape", Numbers{2, 2});
                                             s.from_levels("r_q", "x");
                                           },
                                           13}});
  (*all)["QLinearConcat"] =
      any({{"",
            [](Scene& s) {
              const Names x = s.levels();
              Names inputs = {"x_s", "x_z"};
              for (int i = 0; i < 2; ++i) {
                inputs.insert(inputs.end(), x.begin(), x.end());
              }
              s.op("QLinearConcat", inputs, "r_q").domain("com.microsoft").set("axis", int64_t{1});
              s.from_levels("r_q", "x");
            },
            13}});
  const auto weights = [](Scene& s, const Shape& dims) {
    Numbers levels(static_cast<size_t>(engine::element_count(dims)));
    for (int64_t& level : levels) level = static_cast<int64_t>(s.random() % 255) - 127;
    s.file.codes("w_q", TensorProto::INT8, dims, levels);
    s.file.encoding("w", 0.01F, 0, TensorProto::INT8);
  };
  const auto conv = [=](Scene& s, bool integer) {
    Names inputs = s.levels();
    weights(s, {4, s.shape[1], 3, 3});
    if (integer) {
      s.op("ConvInteger", {"x_q", "w_q", "x_z"}, "sum");
      s.op("Cast", {"sum"}, "real").set("to", int64_t{TensorProto::FLOAT});
      s.op("Mul", {"real", s.real(0.0004F)});
      return;
    }
    s.file.encoding("r", 0.05F, 100);
    s.file.codes("b_q", TensorProto::INT32, {4}, {1000, -500, 20, 0});
    s.op("QLinearConv", {"x_q", "x_s", "x_z", "w_q", "w_s", "w_z", "r_s", "r_z", "b_q"}, "r_q");
    s.from_levels("r_q", "r");
  };
  const auto matmul = [=](Scene& s, bool integer) {
    s.levels();
    weights(s, {s.shape.back(), 5});
    if (integer) {
      s.op("MatMulInteger", {"x_q", "w_q", "x_z"}, "sum");
      s.op("Cast", {"sum"}, "real").set("to", int64_t{TensorProto::FLOAT});
      s.op("Mul", {"real", s.real(0.0004F)});
      return;
    }
    s.file.encoding("r", 0.05F, 100);
    s.op("QLinearMatMul", {"x_q", "x_s", "x_z", "w_q", "w_s", "w_z", "r_s", "r_z"}, "r_q");
    s.from_levels("r_q", "r");
  };
  (*all)["QLinearConv"] = spatial({{"", [=](Scene& s) { conv(s, false); }, 13}});
  (*all)["ConvInteger"] = spatial({{"", [=](Scene& s) { conv(s, true); }, 13}});
  (*all)["QLinearMatMul"] = any({{"", [=](Scene& s) { matmul(s, false); }, 13}});
  (*all)["MatMulInteger"] = any({{"", [=](Scene& s) { matmul(s, true); }, 13}});
}

}  // namespace

std::map<std::string, CasesOf> operator_cases() {
  std::map<std::string, CasesOf> all;
  add_elementwise(&all);
  add_movement(&all);
  add_shapes(&all);
  add_matrices(&all);
  add_windows(&all);
  add_quantized(&all);
  return all;
}

}  // namespace pawl::test
