/** The page's only script: language switch, sorting and filtering of the factor table. The page reads without it. */
export const script = `"use strict";
(() => {
  const root = document.documentElement;
  const speak = (language) => {
    root.dataset.language = language;
    root.lang = language === "zh" ? "zh-CN" : "en";
    document.title = document.querySelector("h1 ." + language)?.textContent ?? document.title;
  };
  const wanted = new URLSearchParams(location.search).get("language") ?? location.hash.match(/^#(zh|en)$/)?.[1];
  if (wanted === "zh" || wanted === "en") speak(wanted);
  document.getElementById("language").addEventListener("click", () => {
    speak(root.dataset.language === "zh" ? "en" : "zh");
  });
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const sortBy = (index) => {
      const head = heads[index];
      const first = head.dataset.sort === "text" ? "ascending" : "descending";
      const now = head.getAttribute("aria-sort");
      const next = now === null ? first : now === "ascending" ? "descending" : "ascending";
      const sign = next === "ascending" ? 1 : -1;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", next);
      const value = (row) => row.cells[index].dataset.value ?? row.cells[index].textContent;
      const number = (row) => (value(row) === "" ? NaN : Number(value(row)));
      const rows = [...body.rows].sort((a, b) => {
        if (head.dataset.sort === "text") return sign * value(a).localeCompare(value(b), "en", { numeric: true });
        const x = number(a), y = number(b);
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
        return sign * (x - y);
      });
      body.append(...rows);
    };
    heads.forEach((head, index) => {
      if (head.dataset.sort === undefined) return;
      head.tabIndex = 0;
      head.addEventListener("click", () => sortBy(index));
      head.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        sortBy(index);
      });
    });
  }
  const filter = document.getElementById("filter");
  filter?.addEventListener("input", () => {
    const text = filter.value.trim().toUpperCase();
    for (const row of document.querySelectorAll("#factor-table tbody tr")) {
      row.hidden = text !== "" && !row.cells[0].textContent.toUpperCase().includes(text);
    }
  });
})();
`;
