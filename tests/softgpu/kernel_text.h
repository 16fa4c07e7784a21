// Small kernels in PTX for tests of the software GPU: the frame around a body that has the address
// of `data` in %data, the thread in %tid and the CTA in %cta, and 1 KiB of shared memory.
#pragma once

#include <string>

namespace pawl::softgpu {

inline std::string kernel_text(const std::string& body) {
  return R"(
.version 7.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 k_data)
{
  .reg .pred %p<8>;
  .reg .b32 %r<64>;
  .reg .f32 %f<16>;
  .reg .b64 %x<16>;
  .reg .b32 %tid; .reg .b32 %cta; .reg .b64 %data; .reg .b64 %mine; .reg .b32 %s; .reg .b32 %lane;
  .shared .align 128 .b8 memory[1024];
  ld.param.u64 %data, [k_data];
  cvta.to.global.u64 %data, %data;
  mov.u32 %tid, %tid.x;
  mov.u32 %cta, %ctaid.x;
  mov.u32 %lane, %laneid;
  mad.wide.u32 %mine, %tid, 4, %data;
  mov.u32 %r0, memory;
  mad.lo.u32 %s, %tid, 4, %r0;
)" + body +
         "\n  ret;\n}\n";
}

}  // namespace pawl::softgpu
