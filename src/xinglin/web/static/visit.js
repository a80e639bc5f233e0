// A conversation: the newest words are in sight, Ctrl+Enter sends, and a visit that moved on shows what can be done now.
(() => {
  "use strict";
  const newest = () => {
    const all = document.querySelectorAll(".talk-one");
    if (all.length > 4) all[all.length - 1].scrollIntoView({ block: "nearest" });
  };
  newest();
  // The live part brings the new state; what stands around it is loaded anew, unless somebody is writing.
  const state = () => (document.querySelector("[data-state]") || { dataset: {} }).dataset.state;
  const writing = () => [...document.querySelectorAll("textarea")].some((one) => one.value !== one.defaultValue);
  const first = state();
  new MutationObserver(() => {
    if (state() && state() !== first && !writing()) location.reload();
  }).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest && event.target.closest("[data-say]");
    if (form && event.key === "Enter" && event.ctrlKey) form.requestSubmit(form.querySelector("button[value=say]"));
  });
})();
