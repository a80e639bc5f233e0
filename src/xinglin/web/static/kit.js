// What pages gain when JavaScript runs; everything works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  // A hidden secondary copy of a text, such as raw JSON or a query: `data-copy="#id"`.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) {
      const text = document.querySelector(button.dataset.copy).textContent;
      await navigator.clipboard.writeText(text);
      const before = button.textContent;
      button.textContent = button.dataset.done;
      button.classList.add("copied");
      setTimeout(() => { button.textContent = before; button.classList.remove("copied"); }, 1500);
    }
    const fold = event.target.closest("[data-fold]");
    if (fold) {
      const open = fold.dataset.fold === "open";
      document.querySelectorAll(".tree details").forEach((one) => { one.open = open; });
    }
    if (event.target.closest("[data-print]")) window.print();
  });

  // Keys: / search, j k rows, Enter open (a link does that by itself), Esc back to the page.
  const typing = (node) => node.matches("input, textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-rows] a.main")];
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (event.key === "Escape") { document.querySelectorAll(".shell-bar details[open]").forEach((one) => { one.open = false; }); return; }
    if (typing(event.target)) return;
    if (event.key === "/") {
      const box = document.querySelector("[data-search]");
      if (box) { event.preventDefault(); box.focus(); box.select(); }
    }
    if (event.key === "j" || event.key === "k") {
      const all = rows();
      if (!all.length) return;
      const here = all.indexOf(document.activeElement);
      const next = event.key === "j" ? Math.min(here + 1, all.length - 1) : Math.max(here - 1, 0);
      all[next].focus();
      all[next].scrollIntoView({ block: "nearest" });
    }
  });
})();

// A row of tabs that is wider than the phone begins where the reader is.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const bar = tab.parentElement;
  bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
}
