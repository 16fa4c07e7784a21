# Tests of post-training quantization.
pawl_test(engine/quantize/clip DEPS pawl::quantize)
pawl_test(engine/quantize/frame_variety DEPS pawl::quantize)
pawl_test(engine/quantize/quantizer DEPS pawl::compile pawl::quantize pawl::runtime)
pawl_test(engine/quantize/search DEPS pawl::compile pawl::quantize)
pawl_test(engine/quantize/clip_sides DEPS pawl::quantize)
pawl_test(engine/quantize/calibration DEPS pawl::quantize pawl::passes pawl::reference)
pawl_test(engine/quantize/convolution_weights DEPS pawl::quantize)
pawl_test(engine/quantize/search_rules DEPS pawl::compile pawl::quantize)
