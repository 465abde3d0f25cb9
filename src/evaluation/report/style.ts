/** The page's look: light and dark by the reader's system, both languages, printable, 390 px to 1280 px and beyond. */
import { ink, ramp } from "./svg-chart.ts";

const paint = (stand: string, variable: string) =>
  `[fill="${stand}"]{fill:var(--${variable})}[stroke="${stand}"]{stroke:var(--${variable})}.k${stand.slice(1)}::before{background:var(--${variable})}`;

const colours = [
  ...Object.entries(ink).map(([name, stand]) => paint(stand, name)),
  ...ramp.map((stand, k) => paint(stand, `q${k + 1}`)),
].join("");

/** Orange-red and blue-green of Okabe and Ito: told apart by colour-blind readers; a sign always stands beside. */
const light = `--paper:#fff;--panel:#fff;--line:#e3e5e9;--ink:#1c2128;--muted:#606a76;--text:#606a76;--axis:#9aa3ad;--grid:#eceef1;--accent:#1f5fa8;--second:#b8641b;--faint:#b9c4d1;--whisker:#1c2128;--warm:#c8401a;--cool:#00795a;--hover:#f5f7fa;
--q1:#1d4f91;--q2:#3f74b3;--q3:#7199c9;--q4:#a3b5c8;--q5:#8c8f94;--q6:#cdb396;--q7:#dc9a55;--q8:#cc7420;--q9:#a84a00;
--warm1:#fbe9e3;--warm2:#f5c9ba;--warm3:#eda18a;--warm4:#e2785a;--cool1:#e0f2ec;--cool2:#b9dfd2;--cool3:#86c5b0;--cool4:#4fa78b;
--neg1:#e6eef8;--neg2:#c0d5ed;--neg3:#8fb3de;--neg4:#5a8cc8;--pos1:#fbeedd;--pos2:#f4d5ad;--pos3:#e9b271;--pos4:#d98a35;--cell:#1c2128`;
const dark = `--paper:#14171c;--panel:#1a1e24;--line:#2d333c;--ink:#dfe4ea;--muted:#98a3b0;--text:#98a3b0;--axis:#5c6672;--grid:#262c34;--accent:#6aa8ee;--second:#eba25d;--faint:#4a5868;--whisker:#e6ebf0;--warm:#ff8a66;--cool:#3cc7a0;--hover:#20252d;
--q1:#5b94e0;--q2:#7ba9e4;--q3:#9abde6;--q4:#b4c4d6;--q5:#a8abb0;--q6:#d6c1a8;--q7:#e9b27a;--q8:#f0974a;--q9:#ff7f2a;
--warm1:#33221e;--warm2:#5a3025;--warm3:#84402c;--warm4:#b05135;--cool1:#19302a;--cool2:#1c493d;--cool3:#1e6653;--cool4:#1f846a;
--neg1:#1d2937;--neg2:#213d5c;--neg3:#265484;--neg4:#2c6bae;--pos1:#33291d;--pos2:#553d1f;--pos3:#7c5522;--pos4:#a56e25;--cell:#eef1f4`;

export const style = `:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
@media print{:root{${light}}}
html[data-language=zh]{--rise:var(--warm);--fall:var(--cool);--rise1:var(--warm1);--rise2:var(--warm2);--rise3:var(--warm3);--rise4:var(--warm4);--fall1:var(--cool1);--fall2:var(--cool2);--fall3:var(--cool3);--fall4:var(--cool4)}
html[data-language=en]{--rise:var(--cool);--fall:var(--warm);--rise1:var(--cool1);--rise2:var(--cool2);--rise3:var(--cool3);--rise4:var(--cool4);--fall1:var(--warm1);--fall2:var(--warm2);--fall3:var(--warm3);--fall4:var(--warm4)}
html[data-language=zh] .en,html[data-language=en] .zh{display:none}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:14px/1.55 -apple-system,"Segoe UI",Roboto,"Helvetica Neue","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;font-feature-settings:"tnum";font-variant-numeric:tabular-nums}
main,.bar{max-width:1240px;margin:0 auto;padding:0 20px}
header{border-bottom:1px solid var(--line)}
.bar{display:flex;gap:16px;align-items:center;min-height:52px;flex-wrap:wrap;padding-top:8px;padding-bottom:8px}
.bar h1{font-size:18px;margin:0;flex:1 1 auto}
.bar nav{display:flex;gap:14px;flex-wrap:wrap}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
button{font:inherit;color:var(--ink);background:var(--panel);border:1px solid var(--line);border-radius:4px;padding:3px 10px;cursor:pointer}
button:hover{border-color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
section{margin:28px 0}
h2{font-size:17px;margin:0 0 10px;padding-bottom:6px;border-bottom:1px solid var(--line)}
h3{font-size:15px;margin:0 0 8px}
p{margin:6px 0}.muted,.note{color:var(--muted)}.note{font-size:12px;margin:4px 0 0}
.rise{color:var(--rise)}.fall{color:var(--fall)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));border:1px solid var(--line);border-radius:4px;background:var(--panel)}
.facts>div{padding:8px 12px;box-shadow:0 0 0 .5px var(--line)}
.facts dt,.facts .name{font-size:12px;color:var(--muted)}
.facts .value{font-size:18px;line-height:1.35}
.facts .sub{font-size:12px;color:var(--muted)}
dl.sheet{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0}
dl.sheet dt{color:var(--muted)}dl.sheet dd{margin:0;min-width:0;overflow-wrap:anywhere}
.split{display:grid;grid-template-columns:1fr;gap:20px;align-items:start;margin-bottom:20px}
.grid{display:grid;grid-template-columns:1fr;gap:14px}
@media (min-width:760px){.split{grid-template-columns:3fr 2fr}.factor .facts{grid-template-columns:repeat(5,1fr)}.grid{grid-template-columns:1fr 1fr}}
@media (min-width:1120px){.split{grid-template-columns:2fr 1fr}.grid{grid-template-columns:1fr 1fr 1fr}}
.split>*,.grid>*{min-width:0}
figure{margin:0;border:1px solid var(--line);border-radius:4px;padding:10px 10px 6px;background:var(--panel);break-inside:avoid}
figcaption{font-weight:600;font-size:13px;margin-bottom:2px}
figure svg{display:block;width:100%;height:auto}
svg text{font-size:11px;font-family:inherit}
.legend{display:flex;flex-wrap:wrap;gap:2px 12px;font-size:12px;color:var(--muted)}
.key::before{content:"";display:inline-block;width:14px;height:3px;border-radius:2px;margin-right:5px;vertical-align:middle}
.scroll{overflow:auto;border:1px solid var(--line);border-radius:4px;background:var(--panel)}
.tall{max-height:560px}
table{border-collapse:separate;border-spacing:0;width:100%;font-size:13px}
th,td{padding:4px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}
th:first-child,td:first-child{text-align:left}
td.text,th.text{text-align:left;white-space:normal}
.table td.text,.table th.text{white-space:nowrap}
td.word,th.word{text-align:left}
.table thead th{position:sticky;top:0;background:var(--panel);border-bottom:1px solid var(--line);font-weight:600;z-index:2;vertical-align:bottom}
.table td:first-child,.table thead th:first-child{position:sticky;left:0;background:var(--panel);z-index:1}
.table thead th:first-child{z-index:3}
.table tbody tr:hover td{background:var(--hover)}
th[data-sort]{cursor:pointer;user-select:none}
th[aria-sort=ascending]::after{content:" ▲";font-size:9px}th[aria-sort=descending]::after{content:" ▼";font-size:9px}
.tip{position:relative;border-bottom:1px dotted var(--axis);cursor:help}
.tip>.bubble{display:none;position:absolute;z-index:9;left:0;top:100%;width:min(300px,78vw);padding:8px 10px;background:var(--ink);color:var(--paper);border-radius:4px;font-size:12px;font-weight:400;line-height:1.45;white-space:normal;text-align:left}
.tip:hover>.bubble,.tip:focus>.bubble{display:block}
thead .tip>.bubble{left:auto;right:0}thead th:first-child .tip>.bubble{left:0;right:auto}
.heat td,.heat th{padding:3px 6px;text-align:center;font-size:12px;border:0}.heat th{color:var(--muted);font-weight:400}.heat th:first-child{text-align:left}
.heat td{color:var(--cell)}
.r1{background:var(--rise1)}.r2{background:var(--rise2)}.r3{background:var(--rise3)}.r4{background:var(--rise4)}
.f1{background:var(--fall1)}.f2{background:var(--fall2)}.f3{background:var(--fall3)}.f4{background:var(--fall4)}
.p1{background:var(--pos1)}.p2{background:var(--pos2)}.p3{background:var(--pos3)}.p4{background:var(--pos4)}
.n1{background:var(--neg1)}.n2{background:var(--neg2)}.n3{background:var(--neg3)}.n4{background:var(--neg4)}
.heat.months{table-layout:fixed;margin-top:8px}.heat.months td,.heat.months th{padding:9px 0;font-size:11px}
.heat.square td{min-width:30px}
.factor{margin-top:26px}
.factor .facts{margin:8px 0 12px}
code{font-family:ui-monospace,SFMono-Regular,Consolas,"Noto Sans Mono",monospace;font-size:12px;overflow-wrap:anywhere}
input[type=search]{font:inherit;color:inherit;background:var(--panel);border:1px solid var(--line);border-radius:4px;padding:3px 8px;min-width:0;width:220px;max-width:100%}
.tools{display:flex;gap:10px;align-items:center;margin-bottom:8px;flex-wrap:wrap}
footer{border-top:1px solid var(--line);margin-top:30px;padding:14px 0 30px;color:var(--muted);font-size:12px}
${colours}
@media (max-width:480px){main,.bar{padding-left:12px;padding-right:12px}dl.sheet{grid-template-columns:1fr;gap:0}dl.sheet dd{margin-bottom:6px}th,td{padding:4px 7px}.facts{grid-template-columns:1fr 1fr}}
@media print{body{font-size:11px}table{font-size:8px}th,td{padding:2px 3px}.table thead th{white-space:normal}.facts .value{font-size:14px}.heat td,.heat th,.heat.months td,.heat.months th{font-size:7px;padding:3px 0}.heat.square td{min-width:0}.legend,.note,figcaption{font-size:9px}.tools,nav,button{display:none}.tall{max-height:none}.scroll{overflow:visible}.table thead th,.table td:first-child{position:static}.factor{break-before:page}.grid{grid-template-columns:1fr 1fr 1fr}a{color:inherit}}
`;
