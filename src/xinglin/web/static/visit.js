// A conversation: the newest words are in sight, and Ctrl+Enter sends.
(() => {
  "use strict";
  const newest = () => {
    const all = document.querySelectorAll(".talk-one");
    if (all.length > 4) all[all.length - 1].scrollIntoView({ block: "nearest" });
  };
  newest();
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest && event.target.closest("[data-say]");
    if (form && event.key === "Enter" && event.ctrlKey) form.requestSubmit(form.querySelector("button[value=say]"));
  });
})();
