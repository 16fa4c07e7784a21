# Tests of post-training quantization.
pawl_test(engine/quantize/clip DEPS pawl::quantize)
pawl_test(engine/quantize/quantizer DEPS pawl::compile pawl::quantize pawl::runtime)
