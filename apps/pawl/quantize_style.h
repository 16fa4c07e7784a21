// The style sheet of the INT8 report.
#pragma once

namespace pawl::program {

inline constexpr const char* kQuantizeStyle = R"css(
:root{color-scheme:light dark;--paper:#fff;--panel:#f7f8fa;--ink:#18202c;--mute:#667085;
--line:#e3e6eb;--int8:#2563c9;--float:#b4552d;--good:#0f7a55;--fair:#a86a08;--poor:#c22f2f;
--cut:#c22f2f22}
@media (prefers-color-scheme:dark){:root{--paper:#12161d;--panel:#1a2029;--ink:#e6e9ee;
--mute:#98a2b3;--line:#2b3340;--int8:#6ea0f5;--float:#e0906b;--good:#4cc38a;--fair:#e0ac4a;
--poor:#f07178;--cut:#f0717833}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1180px;margin:0 auto;padding:40px 30px 80px}
header p{margin:0;color:var(--mute)}
h1{font-size:30px;line-height:1.2;margin:2px 0 6px;letter-spacing:-.01em}
h2{font-size:19px;margin:44px 0 4px;letter-spacing:-.005em}
p.lead{max-width:75ch;margin:4px 0 16px;color:var(--mute)}
p.verdict{font-size:18px;max-width:72ch;margin:22px 0 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:14px;margin:22px 0 0}
.tile{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:14px 18px}
.tile b{display:block;font-size:23px;font-weight:650;letter-spacing:-.02em;line-height:1.3;
white-space:nowrap}
.tile span{color:var(--mute);font-size:13px}
.warnings{border-left:4px solid var(--fair);background:var(--panel);margin:22px 0 0;
padding:10px 18px;border-radius:0 8px 8px 0}
.warnings p{margin:3px 0}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th{font-weight:600;text-align:left;color:var(--mute);border-bottom:1px solid var(--line);
padding:6px 12px 6px 0;vertical-align:bottom}
td{border-bottom:1px solid var(--line);padding:7px 12px 7px 0;vertical-align:middle}
th.n,td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.name{overflow-wrap:anywhere;min-width:190px}
td small{display:block;color:var(--mute)}
td.key{color:var(--mute);white-space:nowrap;width:1%;padding-right:26px;vertical-align:top}
td.value{overflow-wrap:anywhere}
.layers thead th{position:sticky;top:0;background:var(--paper);z-index:1}
.mark{display:inline-block;border-radius:4px;padding:0 7px;font-size:12px;font-weight:600;
color:var(--paper)}
.mark.int8{background:var(--int8)}.mark.float{background:var(--float)}
.good{color:var(--good)}.fair{color:var(--fair)}.poor{color:var(--poor)}
b.good,b.fair,b.poor{font-weight:650}
svg{display:block}
svg.histogram{width:260px;height:44px;background:var(--panel);border-radius:4px}
svg.chart{width:100%;height:auto}
.pair{display:grid;grid-template-columns:minmax(0,7fr) minmax(0,6fr);gap:34px;align-items:start}
@media (max-width:900px){.pair{grid-template-columns:1fr}}
.scroll{overflow-x:auto}
.narrow{max-width:640px}
svg .int8{fill:var(--int8)}svg .float{fill:var(--float)}
svg .cut{fill:var(--cut)}
svg line{stroke-width:1}
svg .clip{stroke:var(--poor)}svg .zero{stroke:var(--mute);stroke-dasharray:2 3}
svg .axis{stroke:var(--mute)}svg .grid{stroke:var(--line)}
svg .bound{stroke:var(--good);stroke-dasharray:6 4}svg .plain{stroke:var(--float);stroke-dasharray:6 4}
svg text{font-size:12px;fill:var(--mute)}
svg .end{text-anchor:end}svg .middle{text-anchor:middle}svg .boundtext{fill:var(--good)}
svg .trail{fill:none;stroke:var(--int8);stroke-width:1.5}
svg circle{stroke:var(--paper);stroke-width:1.5}
svg .met{fill:var(--good)}svg .missed{fill:var(--poor)}svg .skipped{fill:var(--int8)}
.key-int8::before,.key-float::before,.key-met::before,.key-missed::before,.key-skipped::before{
content:"";display:inline-block;width:10px;height:10px;border-radius:2px;margin:0 6px 0 14px}
.key-int8::before,.key-skipped::before{background:var(--int8)}.key-float::before{background:var(--float)}
.key-met::before{background:var(--good)}.key-missed::before{background:var(--poor)}
p.legend{font-size:13px;color:var(--mute);margin:6px 0 0 -14px}
dl{display:grid;grid-template-columns:auto 1fr;gap:6px 22px;max-width:90ch}
dt{font-weight:600}dd{margin:0;color:var(--mute)}
@media print{main{padding:0}.layers tr{break-inside:avoid}}
)css";

}  // namespace pawl::program
