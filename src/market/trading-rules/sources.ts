/** Documents that the records of this folder rest on. */
export const sources = {
  sseRules2026:
    "https://www.sse.com.cn/aboutus/mediacenter/hotandd/c/c_20260424_10816474.shtml ; http://www.sse.com.cn/lawandrules/sselawsrules2025/trade/universal/c/c_20260424_10816492.shtml ; https://www.szse.cn/lawrules/service/member/t20260630_621404.html ; http://www.csrc.gov.cn/shanghai/c105566/c7643909/content.shtml",
  szseChinext2020: "https://www.szse.cn/aboutus/trends/conference/t20200821_580925.html",
  sseStar: "http://star.sse.com.cn/en/gettingstarted/features/trading",
  sseRegistration2023: "https://edu.sse.com.cn/tib/ysptj/c/4868129.shtml",
  beijing: "https://www.laitimes.com/en/article/i2ux_igd6.html",
  limits1996:
    "CSRC notice of 1996-12-13, as reported: shares A and B and funds, except on the first day of listing",
  secondary: "secondary accounts only; no official text seen",
} as const;
